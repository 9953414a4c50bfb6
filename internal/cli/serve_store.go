package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/server"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/blob/s3"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/intake"
	"rdiostress/internal/server/late"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/sqlite"
)

// storeOptions are the flags of serve about how calls are kept.
type storeOptions struct {
	databaseURL string
	blobURL     string
	bucket      s3.Location // of blobURL
	pool        postgres.PoolOptions
	inlineAudio sizeValue
	minFree     sizeValue
	window      time.Duration
	retention   daysValue
	breaker     groupcommit.BreakerOptions
}

const (
	defaultMinFree         = 100 << 20
	defaultDuplicateWindow = 500 * time.Millisecond // rdio-scanner's
)

func (o *storeOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.databaseURL, "database-url", "",
		"store calls in PostgreSQL instead of SQLite, such as postgres://user@host/database")
	f.StringVar(&o.blobURL, "blob-url", "",
		"keep long audio in a bucket that all servers share, such as s3://bucket?endpoint=https://host:9000")
	f.IntVar(&o.pool.Min, "pool-min", 5, "connections to keep open")
	f.IntVar(&o.pool.Max, "pool-max", 20, "most connections to open")
	f.DurationVar(&o.pool.AcquireTimeout, "pool-acquire-timeout", 30*time.Second, "longest wait for a connection")
	f.DurationVar(&o.pool.MaxLifetime, "pool-max-lifetime", time.Hour, "replace a connection at this age")
	f.DurationVar(&o.pool.MaxIdle, "pool-max-idle", 5*time.Minute, "close a connection that was not used for this time")
	f.Int64Var(&o.pool.MaxQueries, "pool-max-queries", 50_000, "replace a connection after this many queries")
	f.IntVar(&o.pool.Retries, "connect-retries", 3,
		"how often to try again if PostgreSQL cannot be reached or a connection is lost")
	o.inlineAudio, o.minFree = intake.DefaultInlineAudio, defaultMinFree
	f.Var(&o.inlineAudio, "inline-audio",
		"keep audio up to this size in segments (PostgreSQL: in the database), longer audio in a file")
	f.Var(&o.minFree, "min-free-disk", "answer uploads with 507 if less of the disk is free")
	f.DurationVar(&o.window, "duplicate-window", defaultDuplicateWindow,
		"calls of a talkgroup that begin within this time are duplicates; 0 accepts all")
	f.Var(&o.retention, "retention", "delete calls that are older than this, such as 30d or 12h")
	f.IntVar(&o.breaker.Failures, "breaker-failures", groupcommit.DefaultBreakerFailures,
		"answer uploads with 503 at once after this many failed transactions in a row")
	f.DurationVar(&o.breaker.Delay, "breaker-delay", groupcommit.DefaultBreakerDelay,
		"how long to wait then before trying to store again")
}

// poolFlags are about connections to PostgreSQL: SQLite, on a disk of this machine, has none to lose.
func poolFlags() []string {
	return []string{
		"pool-min", "pool-max", "pool-acquire-timeout", "pool-max-lifetime", "pool-max-idle", "pool-max-queries",
		"connect-retries",
	}
}

// problems are what is wrong with the flags, of which some were given.
func (o *storeOptions) problems(given func(flag string) bool) error {
	var errs []error
	names := slices.DeleteFunc(poolFlags(), func(name string) bool { return !given(name) })
	if o.databaseURL == "" && len(names) > 0 {
		errs = append(errs,
			fmt.Errorf("--%s: only for PostgreSQL, so with --database-url", strings.Join(names, ", --")))
	}
	if o.blobURL != "" {
		errs = append(errs, o.parseBucket())
	}
	p := &o.pool
	if p.Min < 1 || p.Max < p.Min || p.Max > 10_000 {
		errs = append(errs, errors.New("--pool-min must be at least 1, and --pool-max at least that and at most 10000"))
	}
	if min(p.AcquireTimeout, p.MaxLifetime, p.MaxIdle) < 100*time.Millisecond || p.MaxQueries < 1 || p.Retries < 0 {
		errs = append(errs, errors.New("--pool-acquire-timeout, --pool-max-lifetime and --pool-max-idle must be at "+
			"least 100ms, "+
			"--pool-max-queries at least 1, and --connect-retries not under 0"))
	}
	if o.inlineAudio > intake.MaxInlineAudio {
		errs = append(errs, fmt.Errorf("--inline-audio must be at most %s", new(sizeValue(intake.MaxInlineAudio))))
	}
	if o.window < 0 || o.window > time.Minute || o.window%time.Millisecond != 0 {
		errs = append(errs, errors.New("--duplicate-window must be whole milliseconds, at most 1m"))
	}
	if o.breaker.Failures < 1 || o.breaker.Delay <= 0 {
		errs = append(errs, errors.New("--breaker-failures and --breaker-delay must be more than 0"))
	}
	return errors.Join(errs...)
}

// parseBucket parses --blob-url. SQLite is on the disk of one server, and so is its audio.
func (o *storeOptions) parseBucket() (err error) {
	if o.databaseURL == "" {
		return errors.New("--blob-url: only for PostgreSQL, so with --database-url; SQLite has its audio in " +
			"--data-dir")
	}
	if o.bucket, err = s3.ParseLocation(o.blobURL); err != nil {
		return fmt.Errorf("--blob-url: %w", err)
	}
	return nil
}

// openBucket returns a function that opens the bucket, or nil if none is asked for.
func (o *storeOptions) openBucket(log *slog.Logger) func(context.Context, string) (postgres.Bucket, error) {
	if o.blobURL == "" {
		return nil
	}
	return func(ctx context.Context, database string) (postgres.Bucket, error) {
		b, err := s3.Open(ctx, s3.Options{
			Location: o.bucket, Database: database, Failures: o.breaker.Failures, Delay: o.breaker.Delay, Log: log,
		})
		if err != nil {
			return nil, err // not b: it would be a non-nil interface
		}
		return b, nil
	}
}

// apply puts the flags into the options of a server.
func (o *storeOptions) apply(to *server.Options) {
	to.InlineAudio, to.MinFreeDisk, to.StoreFiles = int64(o.inlineAudio), int64(o.minFree), o.files()
}

// files are how many the store may have open: its own, and connections to PostgreSQL.
func (o *storeOptions) files() int {
	if o.databaseURL == "" {
		return admission.DefaultStoreFiles
	}
	return admission.DefaultStoreFiles + o.pool.Max
}

// openStore opens the store that the flags ask for; if the disk is too full for that, one that becomes it once there is
// room.
func (o *serveOptions) openStore(ctx context.Context, log *slog.Logger) (late.Real, error) {
	open := o.openSQLite
	read := func(ctx context.Context) (late.Inner, error) { return sqlite.OpenReader(ctx, o.dataDir, log) }
	if o.store.databaseURL != "" {
		open, read = o.openPostgres, nil
	}
	s, err := open(ctx, log)
	if !errors.Is(err, call.ErrNoSpace) {
		return s, err
	}
	log.Error("the disk is full: calls are shown, but no uploads are accepted until it has room", "error", err)
	return late.Open(ctx, late.Options{
		Open: func(ctx context.Context) (late.Real, error) { return open(ctx, log) },
		Read: read, HasRoom: o.hasRoom, Log: log,
	}), nil
}

// hasRoom reports whether the disk has room for what opening a store takes, as far as that is known.
func (o *serveOptions) hasRoom() bool {
	const room = 1 << 20
	free, err := disk.Free(o.dataDir)
	return err != nil || free >= room
}

func (o *serveOptions) openSQLite(ctx context.Context, log *slog.Logger) (late.Real, error) {
	s, err := sqlite.Open(ctx, sqlite.Options{
		Dir: o.dataDir, Queue: o.ingest.queue, DuplicateWindow: o.store.window,
		Retention:  time.Duration(o.store.retention),
		Transcribe: o.transcribe.isOn(), NoReserve: o.removeData, Breaker: o.store.breaker, Logger: log,
	})
	if err != nil {
		return nil, dataDirError(o.dataDir, err)
	}
	return s, nil
}

func (o *serveOptions) openPostgres(ctx context.Context, log *slog.Logger) (late.Real, error) {
	pool := o.store.pool
	if pool.Retries == 0 {
		pool.Retries = -1 // 0 is the default there
	}
	s, err := postgres.Open(ctx, postgres.Options{
		URL: o.store.databaseURL, Dir: o.dataDir, Queue: o.ingest.queue, DuplicateWindow: o.store.window,
		Retention: time.Duration(o.store.retention), Transcribe: o.transcribe.isOn(), Pool: pool,
		Breaker: o.store.breaker, OpenBucket: o.store.openBucket(log), Logger: log,
	})
	var noBucket *s3.Error
	switch {
	case err == nil:
		return s, nil
	case errors.As(err, &noBucket):
		return nil, withHint(fmt.Errorf("cannot use the bucket %w", noBucket), flagText(noBucket.Hint))
	case errors.Is(err, postgres.ErrNewer):
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err), "use that version, or another database")
	case errors.Is(err, postgres.ErrReadOnly):
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err),
			"pass the --database-url of the primary, or promote this one")
	case errors.Is(err, postgres.ErrDenied):
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err),
			"let the user of --database-url own the database, or grant it all on its schema, tables and sequences")
	case errors.Is(err, call.ErrNotWritable):
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err),
			"the database answers, and the error says why it takes no writes")
	case errors.As(err, new(*call.UnavailableError)):
		return nil, withHint(fmt.Errorf("cannot use the database: %w", err),
			"is PostgreSQL running there? Pass --database-url")
	case errors.Is(err, postgres.ErrURL):
		return nil, usageErrorf("write postgres://user@host:5432/database; the password may be in PGPASSWORD or "+
			"~/.pgpass", "%w", err)
	default:
		return nil, dataDirError(o.dataDir, err)
	}
}

// dataFiles are the files and folders that a server writes to, those that are there.
func dataFiles(dir string) []string {
	var paths []string
	for _, name := range []string{
		"lock.db", "rdiostress.db", "rdiostress.db-wal", "rdiostress.db-shm", "segments", "node", "audio", "spool",
	} {
		if path := filepath.Join(dir, name); exists(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// removeStore removes what a closed store has made in the data folder.
func (o *serveOptions) removeStore() error {
	if o.store.databaseURL != "" {
		return postgres.Remove(o.dataDir)
	}
	return sqlite.Remove(o.dataDir)
}

// dataDirError says in words why a data folder cannot be used, and what to do about it.
func dataDirError(dir string, err error) error {
	hint := cmp.Or(flagText(disk.WhyNotWritable(dir, dataFiles(dir)...)),
		"pass a folder that this user may write to: --data-dir FOLDER")
	switch {
	case errors.Is(err, datadir.ErrInUse):
		hint = "stop the other server, or pass another --data-dir"
	case errors.Is(err, datadir.ErrForeign):
		hint = "pass a folder of the server's own: --data-dir FOLDER"
	case errors.Is(err, sqlite.ErrLogAlone):
		hint = "move rdiostress.db back beside its -wal; if it is lost for good, move the -wal away too, to begin " +
			"without its calls"
	case errors.Is(err, sqlite.ErrNewer):
		hint = "use that version, or pass another --data-dir"
	case errors.Is(err, blob.ErrManyOrphans):
		hint = "restore the database that belongs to them, or move the folder audio in it away"
	case errors.Is(err, sqlite.ErrDamaged):
		hint = "the database there is damaged or not one; pass another --data-dir"
	}
	return withHint(fmt.Errorf("cannot use the data folder %s: %w", dir, err), hint)
}

// daysValue is a flag for a time that may be long: 30d, 12h, 90m.
type daysValue time.Duration

func (v *daysValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int64
		n, err = strconv.ParseInt(days, 10, 32)
		d = time.Duration(n) * 24 * time.Hour
	}
	const longest = 100 * 366 * 24 * time.Hour
	if err != nil || d < time.Second || d > longest {
		return fmt.Errorf("%q is not a time to keep calls for; write 30d, or 12h", s)
	}
	*v = daysValue(d)
	return nil
}

func (v *daysValue) String() string {
	d := time.Duration(*v)
	switch {
	case d == 0:
		return ""
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	default:
		return d.String()
	}
}

func (v *daysValue) Type() string { return "time" }
