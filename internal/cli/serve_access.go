package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/server"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/ratelimit"
)

// accessOptions are the flags of serve about who may do what, and over what kind of connection.
type accessOptions struct {
	keyFile     string // of several keys, as against the one of --api-key-file
	readKey     string
	readKeyFile string
	keyRate     limitValue
	fromRate    limitValue
	proxies     []string
	cert        string
	certKey     string
	drain       durationValue
}

func (o *accessOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.keyFile, "api-keys", "",
		"YAML file of keys and what each may be used for; read again when it changes")
	f.StringVar(&o.readKey, "read-key", "", "key that is needed to list and play calls")
	f.StringVar(&o.readKeyFile, "read-key-file", "",
		"read that key from the first line of this file; wins over --read-key")
	f.Var(&o.keyRate, "rate-limit", "uploads allowed with each key, such as 60/m; more are answered with 429")
	f.Var(&o.fromRate, "rate-limit-address",
		"uploads allowed from each address, such as 60/m; more are answered with 429")
	f.StringSliceVar(&o.proxies, "trusted-proxies", nil,
		"networks of proxies whose X-Forwarded-For is trusted, such as 10.0.0.0/8")
	f.StringVar(&o.cert, "tls-cert", "",
		"serve TLS with the certificate chain in this PEM file; read again when it changes")
	f.StringVar(&o.certKey, "tls-key", "", "PEM file with the key of --tls-cert")
	f.Var(&o.drain, "drain-time", "keep serving for this time after a signal to stop, while /ready answers 503")
}

// reloads reports whether there is anything to read again, which is what SIGHUP then asks for.
func (o *accessOptions) reloads() bool { return o.keyFile != "" || o.cert != "" }

// apply puts the flags into the options of a server, and says what is wrong with them.
func (o *accessOptions) apply(to *server.Options) error {
	var errs []error
	if o.readKeyFile != "" {
		key, err := resolveKey("", o.readKeyFile)
		o.readKey = key
		errs = append(errs, err)
	}
	nets, err := clientaddr.ParseNetworks(o.proxies)
	if err != nil {
		errs = append(errs, fmt.Errorf("--trusted-proxies: %w", err))
	}
	errs = append(errs, refuse("tls-cert", o.cert), refuse("tls-key", o.certKey))
	if (o.cert == "") != (o.certKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key belong together"))
	}
	to.KeyFile, to.ReadKey, to.Proxies = o.keyFile, o.readKey, nets
	to.KeyRate, to.FromRate = ratelimit.Rate(o.keyRate), ratelimit.Rate(o.fromRate)
	to.CertFile, to.CertKey = o.cert, o.certKey
	to.DrainTime = time.Duration(o.drain)
	return errors.Join(errs...)
}

// check reads the file of keys, so that a mistake in it is told before anything is begun.
func (o *accessOptions) check() error {
	errs := []error{o.apply(&server.Options{})}
	if o.keyFile != "" {
		if _, err := apikey.ReadFile(o.keyFile); err != nil {
			errs = append(errs, fmt.Errorf("--api-keys: %w", err))
		}
	}
	return errors.Join(errs...)
}

// limitValue is a flag for a rate limit.
type limitValue ratelimit.Rate

func (v *limitValue) Set(s string) error {
	r, err := ratelimit.ParseRate(s)
	*v = limitValue(r)
	return err
}

func (v *limitValue) String() string {
	if v.Limit == 0 {
		return ""
	}
	return ratelimit.Rate(*v).String()
}

func (v *limitValue) Type() string { return "rate" }

// stopSignals are the signals that end serve. SIGHUP is not one where it has the server read its files again.
func (o *serveOptions) stopSignals() []os.Signal {
	if o.access.reloads() {
		return []os.Signal{os.Interrupt, syscall.SIGTERM}
	}
	return nil
}

// onHangup calls do at each SIGHUP until stop is called.
func onHangup(do func()) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var listener sync.WaitGroup
	listener.Go(func() {
		for range hangups {
			do()
		}
	})
	return func() {
		signal.Stop(hangups)
		close(hangups)
		listener.Wait()
	}
}
