package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/upload"
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

	tls   *tls.Config       // what the flags say of TLS
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

// complete reads the files and addresses that the flags name.
func (o *connectionOptions) complete(flags *pflag.FlagSet) error {
	o.tls = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.insecure, ServerName: o.serverName}
	return errors.Join(o.readAuthorities(), o.readCertificate(flags), o.parseResolve())
}

func (o *connectionOptions) readAuthorities() error {
	if o.caFile == "" {
		return nil
	}
	text, err := os.ReadFile(o.caFile)
	if err != nil {
		return fmt.Errorf("--ca-cert: %w", err)
	}
	o.tls.RootCAs = x509.NewCertPool()
	if !o.tls.RootCAs.AppendCertsFromPEM(text) {
		return fmt.Errorf("--ca-cert %s: holds no certificate in PEM form", o.caFile)
	}
	return nil
}

func (o *connectionOptions) readCertificate(flags *pflag.FlagSet) error {
	if o.certFile == "" {
		if flags.Changed("client-key") {
			return errors.New("--client-key goes with --client-cert")
		}
		return nil
	}
	key := o.keyFile
	if key == "" {
		key = o.certFile
	}
	cert, err := tls.LoadX509KeyPair(o.certFile, key)
	if err != nil {
		return fmt.Errorf("--client-cert: %w", err)
	}
	o.tls.Certificates = []tls.Certificate{cert}
	return nil
}

// parseResolve reads host:port:address. The address may be one of IPv6, with or without brackets.
func (o *connectionOptions) parseResolve() error {
	o.hosts = make(map[string]string)
	for _, text := range o.resolve {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 3 || parts[0] == "" || parts[1] == "" || net.ParseIP(strings.Trim(parts[2], "[]")) == nil {
			return fmt.Errorf("--resolve must be host:port:address, such as scanner.local:3000:127.0.0.1, not %q", text)
		}
		o.hosts[net.JoinHostPort(parts[0], parts[1])] = net.JoinHostPort(strings.Trim(parts[2], "[]"), parts[1])
	}
	return nil
}

// connect is how the target is connected to, as the flags say.
func (o *runOptions) connect() upload.ConnectOptions {
	return upload.ConnectOptions{
		KeepAlive: o.keepAlive, Reuse: o.scenario.Reuse, HTTP2: o.connection.http2, TLS: o.connection.tls, Resolve: o.connection.hosts,
	}
}
