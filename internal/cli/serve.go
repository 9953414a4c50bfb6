package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/bundled"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report"
	"rdiostress/internal/server"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/stdio"
)

// serveOptions are the flags of `rdiostress serve`.
type serveOptions struct {
	ios *streams

	listen     string
	address    *net.TCPAddr // listen, resolved
	dataDir    string
	key        string
	keyFile    string
	logFormat  string
	logLevel   string
	stopOnEOF  bool // stop when standard input ends: the program that started the server is gone
	removeData bool // remove the data folder after the server has stopped
	ingest     ingestOptions
	store      storeOptions
	transcribe transcribeOptions
	defects    defectOptions
	access     accessOptions
}

func newServeCmd(ios *streams, runF func(context.Context, *serveOptions) error) *cobra.Command {
	o := &serveOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the reference server, which accepts and stores calls",
		Long: `Serve accepts call uploads as RdioScanner-compatible servers do, at /api/call-upload and
/api/trunk-recorder-call-upload, and stores them in SQLite or PostgreSQL. It answers an upload with 200 once the call
would survive a crash, and with 503 if it is overloaded or cannot write to the database.

  GET /api/calls              list calls; filters: system_id, talkgroup_id, date_from, date_to (RFC 3339 or Unix
                              seconds, both inclusive); page, per_page, sort_by, sort_order, or cursor to read each
                              call exactly once
  GET /api/calls/{id}         all about one call
  GET /api/calls/{id}/audio   its audio
  GET /metrics                metrics for Prometheus, or as JSON with Accept: application/json
  GET /api/alerts             metrics that are beyond their limits
  GET /ready, /health         whether to send uploads to this server; whether it is alive

None of these needs a key, except that calls need the --read-key if one is set. Only one server at a time can use a
data folder. On SIGINT or SIGTERM, the server finishes the uploads in progress and exits with code 0. On SIGHUP, it
reads the files of --api-keys and --tls-cert again.`,
		Example: `  rdiostress serve
  rdiostress serve --listen 0.0.0.0:8000 --api-key-file key.txt --data-dir /var/lib/rdiostress`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (o.access.keyFile != "" || o.access.databaseKeys) && !cmd.Flags().Changed("api-key") {
				o.key = "" // the development key is for those who have no other
			}
			if err := o.complete(cmd.Context(), cmd.Flags().Changed); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd.Flags())
	flaghelp.Describe(cmd, serveGroups())
	return cmd
}

func (o *serveOptions) addFlags(f *pflag.FlagSet) {
	keyHelp, fileHelp := keyFlagHelp("that uploads must carry")
	f.SortFlags = false
	f.StringVar(&o.listen, "listen", address.DefaultListen, "address to listen on; port 0 picks a free one")
	f.StringVar(&o.dataDir, "data-dir", "./rdiostress-data", "folder for the calls; created if it does not exist")
	f.StringVar(&o.key, "api-key", developmentKey, keyHelp)
	f.StringVar(&o.keyFile, "api-key-file", "", fileHelp)
	o.ingest.addFlags(f)
	o.store.addFlags(f)
	o.transcribe.addFlags(f)
	o.defects.addFlags(f)
	o.access.addFlags(f)
	f.StringVar(&o.logFormat, "log-format", "text", "format of the log")
	f.StringVar(&o.logLevel, "log-level", "info", "lowest level to log")
	f.BoolVar(&o.stopOnEOF, "stop-on-eof", false, "stop when standard input ends")
	f.BoolVar(&o.removeData, "remove-data", false, "remove the data folder after the server has stopped")
	// For run --with-server; nobody would want them by hand.
	for _, name := range []string{"stop-on-eof", "remove-data"} {
		_ = f.MarkHidden(name) // fails only for an unknown flag
	}
}

// complete checks the flags, of which some were given, and says everything that is wrong with them.
func (o *serveOptions) complete(ctx context.Context, given func(flag string) bool) (err error) {
	if o.key, err = resolveKey(o.key, o.keyFile); err != nil {
		return err
	}
	var errs []error
	if o.address, err = resolveListen(ctx, o.listen); err != nil {
		errs = append(errs, err)
	}
	if o.access.databaseKeys && o.store.databaseURL == "" {
		errs = append(errs, errors.New("--database-keys: only for PostgreSQL, so with --database-url"))
	}
	if o.key == "" && o.access.keyFile == "" && !o.access.databaseKeys {
		errs = append(errs, errors.New("--api-key must not be empty"))
	}
	if o.dataDir == "" {
		errs = append(errs, errors.New("--data-dir must not be empty"))
	}
	errs = append(errs, o.ingest.problems(o.store.files()), o.store.problems(given), o.access.check(given),
		o.transcribe.problems(given), o.defects.complete(o))
	if info, err := os.Stat(o.dataDir); err == nil && !info.IsDir() {
		errs = append(errs, fmt.Errorf("--data-dir %s: it is a file, not a folder", o.dataDir))
	}
	if _, ok := logLevel(o.logLevel); !ok {
		errs = append(errs, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", o.logLevel))
	}
	if o.logFormat != "text" && o.logFormat != "json" {
		errs = append(errs, fmt.Errorf("--log-format must be text or json, not %q", o.logFormat))
	}
	if err := errors.Join(errs...); err != nil {
		return usageErrorf("", "%w", err)
	}
	if o.key == developmentKey && !o.address.IP.IsLoopback() {
		return usageErrorf("pass --api-key-file or --api-key, set RDIOSTRESS_API_KEY, or listen on 127.0.0.1",
			"the development key %q is known to everybody, and %s can be reached by others", developmentKey, o.listen)
	}
	return nil
}

// resolveListen turns --listen into an address, so that it is known who can reach it before anybody does.
func resolveListen(ctx context.Context, listen string) (*net.TCPAddr, error) {
	host, service, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("--listen must be an address and a port, such as %s, not %q", address.DefaultListen,
			listen)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: there is no port %q", listen, service)
	}
	if host == "" {
		return &net.TCPAddr{Port: port}, nil
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil || len(ips) == 0 {
		return nil, fmt.Errorf("--listen %s: cannot find the host %q", listen, host)
	}
	return &net.TCPAddr{IP: ips[0].IP, Port: port, Zone: ips[0].Zone}, nil
}

// runServe serves until a signal comes or ctx ends.
func runServe(ctx context.Context, o *serveOptions) (err error) {
	defer boundMemory()()
	ctx, stop := untilSignal(ctx, o.ios, onSignal{}, o.stopSignals()...) // the log says so
	defer stop()
	if o.stopOnEOF {
		ctx = untilEOF(ctx, o.ios.In)
	}
	log := o.logger()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.address.String())
	if err != nil {
		return listenError("--listen ", o.listen, err)
	}
	defer ln.Close() // Serve does, if it comes to that
	store, err := o.openStore(ctx, log)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := store.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("closing the database: %w", cerr))
		}
		if !o.removeData { // and never a folder that this server has not opened: it is somebody else's
			return
		}
		if rerr := o.removeStore(); rerr != nil {
			err = errors.Join(err, fmt.Errorf("removing the data folder: %w", rerr))
		}
	}()
	defer o.defects.set.Stop()
	options := server.Options{
		Store: o.defects.set.Store(store), Wrap: o.defects.set.Handler, SpoolDir: datadir.SpoolDir(o.dataDir),
		APIKey: o.key, Logger: log, Version: version,
	}
	o.ingest.apply(&options)
	o.store.apply(&options)
	if err := o.access.apply(&options); err != nil {
		return err
	}
	endEngine, err := o.transcribe.apply(&options, store, o.dataDir)
	if err != nil {
		return err
	}
	if options.Transcribe != nil {
		options.Transcribe.Engine = o.defects.set.Engine(options.Transcribe.Engine)
	}
	defer func() { err = errors.Join(err, endEngine()) }()
	closeLimiter, err := o.access.openLimiter(&options, log)
	if err != nil {
		return err
	}
	defer closeLimiter()
	srv, err := server.New(options)
	if err != nil {
		return dataDirError(o.dataDir, err)
	}
	stopKeys, err := o.followKeys(ctx, srv, log)
	if err != nil {
		return err
	}
	defer stopKeys()
	if o.access.reloads() {
		defer onHangup(srv.Reload)()
	}
	url := listenURL(ln.Addr())
	if o.access.cert != "" {
		url = "https" + strings.TrimPrefix(url, "http")
	}
	log.Info("serving", "url", url, "data_dir", o.dataDir, "version", version)
	if _, err := fmt.Fprintf(o.ios.Out, "%s%s\n", listening, url); err != nil && !stdio.ReaderGone(err) {
		return fmt.Errorf("telling the address: %w", err)
	}
	o.defects.shout(log)
	if err := srv.Serve(ctx, o.defects.set.Listener(ln)); err != nil {
		return err
	}
	log.Info("stopped", "accepted", srv.Stats().Accepted)
	return nil
}

// untilEOF returns a context that ends with ctx or when r does. Its goroutine is not waited for: reading standard input
// cannot be interrupted, and the process ends soon.
func untilEOF(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, r)
		cancel()
	}()
	return ctx
}

// logLevel reads a --log-level.
func logLevel(name string) (level slog.Level, ok bool) {
	switch name {
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	default:
		return 0, false
	}
}

// logger returns the log. Each line of it may have a text of a client; none is a command to the runner of a CI job.
func (o *serveOptions) logger() *slog.Logger {
	level, _ := logLevel(o.logLevel)
	options := &slog.HandlerOptions{Level: level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(logLines{o.ios.Err, report.JSONWithoutCommands}, options))
	}
	return slog.New(slog.NewTextHandler(logLines{o.ios.Err, func(line []byte) []byte {
		return []byte(report.WithoutCommands(string(line)))
	}}, options))
}

// logLines writes the lines of a log, each as a function makes it.
type logLines struct {
	w  io.Writer
	of func(line []byte) []byte
}

// Write implements io.Writer.
func (l logLines) Write(line []byte) (int, error) {
	if _, err := l.w.Write(l.of(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// listenURL is where a server on this machine can be reached.
func listenURL(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", tcp.Port)
	}
	return "http://" + addr.String()
}

// listening begins the line by which a command announces its address.
const listening = bundled.ListeningPrefix

// listenError says in words why an address cannot be listened on, and what to do about it. flag is what stands before
// the address, such as "--listen ".
func listenError(flag, listen string, err error) error {
	host, port, _ := net.SplitHostPort(listen)
	at := func(host, port string) string { return flag + net.JoinHostPort(host, port) }
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return withHint(fmt.Errorf("%s is in use by another program", listen),
			fmt.Sprintf("stop the other program, or pass another port: %s, or %s for any free one",
				at(host, portBeside(port)), at(host, "0")))
	case errors.Is(err, syscall.EACCES):
		return withHint(fmt.Errorf("listening on %s is not allowed", listen),
			"ports below 1024 need privileges; pass a higher one")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return withHint(fmt.Errorf("this machine does not have the address %s", listen),
			fmt.Sprintf("pass %s for this machine alone, or %s for all of its networks", at("127.0.0.1", port),
				at("0.0.0.0", port)))
	default:
		return fmt.Errorf("cannot listen on %s: %w", listen, err)
	}
}

// portBeside returns the port after a port, or before the last one.
func portBeside(port string) string {
	n, _ := strconv.Atoi(port)
	if n++; n > math.MaxUint16 {
		n -= 2
	}
	return strconv.Itoa(n)
}

// sizeValue is a flag for a number of bytes: 1048576, 1MiB or 1MB.
type sizeValue int64

func (v *sizeValue) Set(s string) error {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return fmt.Errorf("%q is not a size; write bytes, or 500kB, 100MiB", s)
	}
	*v = sizeValue(n)
	return nil
}

func (v *sizeValue) String() string { return strings.ReplaceAll(humanize.IBytes(uint64(*v)), " ", "") }

func (v *sizeValue) Type() string { return "size" }
