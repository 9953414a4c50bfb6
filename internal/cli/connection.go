package cli

import (
	"errors"
	"net"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/trial"
)

// connectionOptions says how the target is connected to.
type connectionOptions struct {
	http2      bool
	insecure   bool
	caFile     string
	certFile   string
	keyFile    string
	serverName string
	resolve    []string

	hosts map[string]string // host:port to connect elsewhere, and where
}

func (o *connectionOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.http2, "http2", false, "use HTTP/2 if an https server offers it")
	f.BoolVar(&o.insecure, "insecure", false, "do not check the server's certificate")
	f.StringVar(&o.caFile, "ca-cert", "", "trust the authorities in this PEM file instead of the system's")
	f.StringVar(&o.certFile, "client-cert", "", "present the client certificate in this PEM file")
	f.StringVar(&o.keyFile, "client-key", "", "PEM file with the key of --client-cert")
	f.StringVar(&o.serverName, "server-name", "", "name that the server's certificate must have")
	f.StringArrayVar(&o.resolve, "resolve", nil, "connect to this address for host:port, as curl does; repeatable")
}

// complete looks whether the files and addresses that the flags name can be used.
func (o *connectionOptions) complete(flags *pflag.FlagSet) error {
	var err error
	if o.certFile == "" && flags.Changed("client-key") {
		err = problemf("{client-key} goes with {client-cert}")
	}
	resolveErr := o.parseResolve()
	connection := o.plan()
	_, tlsErr := connection.TLS()
	return errors.Join(connectionError(tlsErr), err, resolveErr)
}

// plan is how the server is connected to, as the flags say.
func (o *connectionOptions) plan() trial.Connection {
	return trial.Connection{
		Insecure: o.insecure, CAFile: o.caFile, CertFile: o.certFile, KeyFile: o.keyFile, ServerName: o.serverName,
		Resolve: o.hosts,
	}
}

// connectionError puts the flags' names in front of what is wrong with their files.
func connectionError(err error) error {
	if err == nil {
		return nil
	}
	flag := map[string]string{"CAFile": "{ca-cert}", "CertFile": "{client-cert}"}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, err := range joined.Unwrap() {
		if bad := (*trial.ConnectionError)(nil); errors.As(err, &bad) {
			err = problemf(flag[bad.Field]+": %w", bad.Err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// parseResolve reads host:port:address. The address may be one of IPv6, with or without brackets.
func (o *connectionOptions) parseResolve() error {
	o.hosts = make(map[string]string)
	for _, text := range o.resolve {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 3 || parts[0] == "" || parts[1] == "" || net.ParseIP(strings.Trim(parts[2], "[]")) == nil {
			return problemf("{resolve} must be host:port:address, such as scanner.local:3000:127.0.0.1, not %q", text)
		}
		o.hosts[net.JoinHostPort(parts[0], parts[1])] = net.JoinHostPort(strings.Trim(parts[2], "[]"), parts[1])
	}
	return nil
}
