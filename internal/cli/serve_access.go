package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/server"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/keytable"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/ratelimit/redislimit"
)

// accessOptions are the flags of serve about who may do what, and over what kind of connection.
type accessOptions struct {
	keyFile      string // of several keys, as against the one of --api-key-file
	databaseKeys bool
	readKey      string
	readKeyFile  string
	keyRate      limitValue
	fromRate     limitValue
	proxies      []string
	cert         string
	certKey      string
	drain        durationValue

	redisURL          string
	redisPassword     string // of redisPasswordFile
	redisPasswordFile string
	limitFail         string
}

// Values of --limit-fail.
const (
	limitFailOpen   = "open"
	limitFailClosed = "closed"
)

func (o *accessOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.keyFile, "api-keys", "",
		"YAML file of keys and what each may be used for; read again when it changes")
	f.BoolVar(&o.databaseKeys, "database-keys", false,
		"also accept the keys in the table api_keys of --database-url; changes apply at once, on all servers")
	f.StringVar(&o.readKey, "read-key", "", "key that is needed to list and play calls")
	f.StringVar(&o.readKeyFile, "read-key-file", "",
		"read that key from the first line of this file; wins over --read-key")
	f.Var(&o.keyRate, "rate-limit", "uploads allowed with each key, such as 60/m; more are answered with 429")
	f.Var(&o.fromRate, "rate-limit-address",
		"uploads allowed from each address, such as 60/m; more are answered with 429")
	f.StringVar(&o.redisURL, "redis-url", "",
		"count against the rate limits in Redis, for several servers together, such as redis://host:6379")
	f.StringVar(&o.redisPasswordFile, "redis-password-file", "",
		"read the password of Redis from the first line of this file; wins over the one in --redis-url")
	f.StringVar(&o.limitFail, "limit-fail", limitFailOpen,
		"what happens to uploads whose rate limit Redis cannot look up: open allows them, closed answers 503")
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
		o.readKey, o.readKeyFile = key, "" // it may be a pipe, which can be read once
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
	to.KeyFile, to.MoreKeys, to.ReadKey, to.Proxies = o.keyFile, o.databaseKeys, o.readKey, nets
	to.KeyRate, to.FromRate = ratelimit.Rate(o.keyRate), ratelimit.Rate(o.fromRate)
	to.CertFile, to.CertKey = o.cert, o.certKey
	to.DrainTime = time.Duration(o.drain)
	return errors.Join(errs...)
}

// check reads the file of keys, so that a mistake in it is told before anything is begun.
func (o *accessOptions) check(given func(flag string) bool) error {
	errs := []error{o.apply(&server.Options{}), o.checkRedis(given)}
	if o.keyFile != "" {
		if _, err := apikey.ReadFile(o.keyFile); err != nil {
			errs = append(errs, fmt.Errorf("--api-keys: %w", err))
		}
	}
	return errors.Join(errs...)
}

// checkRedis says what is wrong with the flags about Redis, and reads its password.
func (o *accessOptions) checkRedis(given func(flag string) bool) (err error) {
	var errs []error
	if o.limitFail != limitFailOpen && o.limitFail != limitFailClosed {
		errs = append(errs, fmt.Errorf("--limit-fail must be open or closed, not %q", o.limitFail))
	}
	if o.redisURL == "" {
		for _, name := range []string{"redis-password-file", "limit-fail"} {
			if given(name) {
				errs = append(errs, fmt.Errorf("--%s: only for Redis, so with --redis-url", name))
			}
		}
		return errors.Join(errs...)
	}
	if err := redislimit.ParseURL(o.redisURL); err != nil {
		errs = append(errs, fmt.Errorf("--redis-url: %w", err))
	}
	if o.redisPasswordFile != "" {
		o.redisPassword, err = firstLine("password of Redis", o.redisPasswordFile,
			"--redis-password-file names a file with the password on its first line")
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// openLimiter puts a limiter that counts in Redis into the options of a server, if one is asked for. Whether Redis can
// be reached shows later: nothing but the limits depends on it.
func (o *accessOptions) openLimiter(to *server.Options, log *slog.Logger) (closeLimiter func(), err error) {
	if o.redisURL == "" {
		return func() {}, nil
	}
	if o.keyRate.Limit == 0 && o.fromRate.Limit == 0 {
		log.Warn("Redis is not used: it counts for --rate-limit and --rate-limit-address, and neither is set")
		return func() {}, nil
	}
	limiter, err := redislimit.New(redislimit.Options{URL: o.redisURL, Password: o.redisPassword, Logger: log})
	if err != nil {
		return nil, err
	}
	to.Limiter, to.LimitFailClosed = limiter, o.limitFail == limitFailClosed
	to.StoreFiles += redislimit.Connections
	return func() { _ = limiter.Close() }, nil // connections that are closed anyway
}

// followKeys gives a server the keys of a database, if they are asked for, until stop is called.
func (o *serveOptions) followKeys(ctx context.Context, srv *server.Server, log *slog.Logger) (stop func(), err error) {
	if !o.access.databaseKeys {
		return func() {}, nil
	}
	w, err := keytable.Open(ctx, keytable.Options{URL: o.store.databaseURL, Apply: srv.ReplaceKeys, Log: log})
	if err != nil {
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err),
			"may the user of --database-url read the tables api_keys and store?")
	}
	return w.Close, nil
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
