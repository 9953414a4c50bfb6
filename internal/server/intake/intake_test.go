package intake_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/intake"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/refusallog"
	"rdiostress/internal/server/telemetry"
)

const (
	key      = "k3y-of-the-test"
	boundary = "xxBOUNDxx"
)

// memoryStore stores calls in memory.
type memoryStore struct {
	call.Store // nil: the other methods are not called

	mu      sync.Mutex
	put     []call.Upload
	err     error // returned by Put and Probe
	gone    error
	written time.Time
	probes  int
}

func (s *memoryStore) Put(_ context.Context, u *call.Upload) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	kept := *u
	kept.Audio = bytes.Clone(u.Audio)
	if u.File != "" {
		var err error
		if kept.Audio, err = os.ReadFile(u.File); err != nil {
			return 0, err
		}
	}
	s.put = append(s.put, kept)
	return int64(len(s.put)), nil
}

func (s *memoryStore) Gone() error { return s.gone }

func (s *memoryStore) Stats() call.Stats { return call.Stats{Written: s.written} }

func (s *memoryStore) Probe(context.Context) error {
	s.probes++
	return s.err
}

// bench is an Intake on a memoryStore.
type bench struct {
	*intake.Intake
	options intake.Options
	store   *memoryStore
	dir     string
	log     bytes.Buffer
}

func newBench(t *testing.T, change ...func(o *intake.Options)) *bench {
	t.Helper()
	b := &bench{store: &memoryStore{}, dir: t.TempDir()}
	log := slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	disk := admission.NewDiskGuard(b.dir, 0)
	spool, err := intake.OpenSpool(b.dir, 1000, admission.NewFiles(10), disk)
	if err != nil {
		t.Fatal(err)
	}
	b.options = intake.Options{
		Store: b.store, Spool: spool, Gate: admission.NewGate(2, 10,
			4<<20), Disk: disk, Writes: intake.NewWrites(b.store, log),
		Counters: telemetry.NewCounters(), Log: log, Refusals: refusallog.New(log), Keys: &apikey.Ring{},
		MaxBytes: 2 << 20, MinRate: 1000, Patience: time.Minute, Now: func() time.Time {
			return time.Unix(1_764_000_100,
				0)
		},
	}
	b.options.Keys.Replace(apikey.SourceOption, []apikey.Key{
		{Label: "all", SHA256: sha256.Sum256([]byte(key))},
		{Label: "scoped", SHA256: sha256.Sum256([]byte("scoped")), Systems: []apikey.IDRange{{First: 99, Last: 99}}},
		{Label: "expired", SHA256: sha256.Sum256([]byte("expired")), Expires: time.Unix(1_764_000_000, 0)},
	})
	for _, c := range change {
		c(&b.options)
	}
	b.Intake = intake.New(b.options)
	t.Cleanup(func() {
		if names := b.spooled(t); len(names) > 0 {
			t.Errorf("left in the spool folder: %q", names)
		}
		if u := b.options.Gate.Usage(); u.Uploads != 0 || u.Memory != 0 || u.Workers != 0 || spool.Open() != 0 ||
			spool.Untrusted() != 0 {
			t.Errorf("held when all uploads have ended: %+v, %d files, %d bytes", u, spool.Open(), spool.Untrusted())
		}
	})
	return b
}

func (b *bench) spooled(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// receive receives an upload with a body.
func (b *bench) receive(body io.Reader, header ...string) (intake.Result, *httptest.ResponseRecorder, error) {
	r := httptest.NewRequest(http.MethodPost, rdio.UploadPath, body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	result, err := b.Receive(w, r, &intake.Body{ReadCloser: r.Body})
	return result, w, err
}

// form returns the form of a valid call with some fields changed: name and value in turn; "-" omits a field.
func form(changes ...string) string {
	fields := [][2]string{
		{"key", key}, {"system", "11"}, {"talkgroup", "1001"}, {"dateTime", "1764000000"}, {
			"audio",
			strings.Repeat("x", 100),
		},
	}
	for i := 0; i < len(changes); i += 2 {
		found := false
		for n := range fields {
			if fields[n][0] == changes[i] {
				fields[n][1], found = changes[i+1], true
			}
		}
		if !found {
			fields = append(fields, [2]string{changes[i], changes[i+1]})
		}
	}
	var b strings.Builder
	for _, f := range fields {
		if f[1] == "-" {
			continue
		}
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q", boundary, f[0])
		if f[0] == "audio" {
			b.WriteString(`; filename="a.mp3"`)
		}
		fmt.Fprintf(&b, "\r\n\r\n%s\r\n", f[1])
	}
	return b.String() + "--" + boundary + "--\r\n"
}

func TestReceiveStores(t *testing.T) {
	b := newBench(t)
	for n, size := range []int{45, 1000, 1001, 40_000, 300_000} {
		audio := strings.Repeat("0123456789", size/10+1)[:size]
		result, _, err := b.receive(strings.NewReader(form("audio", audio, "frequency", "high", "systemLabel",
			strings.Repeat("x", 5000))))
		if err != nil || result != (intake.Result{Outcome: intake.Stored, ID: int64(n + 1)}) {
			t.Fatalf("%d bytes: %+v, %v", size, result, err)
		}
		got := b.store.put[n]
		if string(got.Audio) != audio || got.Size != int64(size) || got.SHA256 != sha256.Sum256([]byte(audio)) ||
			got.Call.System != 11 {
			t.Errorf("%d bytes: stored %d, %+v", size, got.Size, got.Call)
		}
		if isFile := got.File != ""; isFile != (size > 1000) {
			t.Errorf("%d bytes: in the file %q", size, got.File)
		}
	}
	want := telemetry.Stats{Accepted: 5, DroppedFields: 5, CutFields: 5}
	if got := b.options.Counters.Stats(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestReceiveAnswersTests(t *testing.T) {
	b := newBench(t)
	if result, _, err := b.receive(strings.NewReader(form("test", "1"))); err != nil ||
		result.Outcome != intake.Tested {
		t.Errorf("a connection test: %+v, %v", result, err)
	}
	b.store.err = call.ErrDuplicate
	if result, _, err := b.receive(strings.NewReader(form())); err != nil || result.Outcome != intake.Duplicate {
		t.Errorf("a duplicate: %+v, %v", result, err)
	}
	if got, want := b.options.Counters.Stats(), (telemetry.Stats{Duplicates: 1}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// is returns a check for an error by its value.
func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

// fault returns a check for a refused key.
func fault(want apikey.Fault) func(error) bool {
	return func(err error) bool {
		var refused *apikey.RefusedError
		return errors.As(err, &refused) && refused.Fault == want && refused.System == 11
	}
}

// as returns a check for an error by its type.
func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// A refusal is an upload that is refused, possibly by an Intake with other options.
type refusal struct {
	name   string
	body   io.Reader
	want   func(error) bool
	change func(o *intake.Options)
}

// check checks that the upload is refused.
func (r refusal) check(t *testing.T) {
	b := newBench(t, func(o *intake.Options) {
		if r.change != nil {
			r.change(o)
		}
	})
	result, _, err := b.receive(r.body)
	if !r.want(err) || len(b.store.put) > 0 {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestReceiveRefusesUploads(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	cut := func(n int) io.Reader { // a form whose connection times out
		return io.MultiReader(strings.NewReader(form()[:n]), iotest.ErrReader(os.ErrDeadlineExceeded))
	}
	small := func(o *intake.Options) { o.MaxBytes = 1000 }
	for _, r := range []refusal{
		{name: "unknown key", body: strings.NewReader(form("key", "wr0ng")), want: fault(apikey.FaultUnknown)},
		{name: "no key", body: strings.NewReader(form("key", "-", "audio", long)), want: fault(apikey.FaultUnknown)},
		{name: "expired key", body: strings.NewReader(form("key", "expired")), want: fault(apikey.FaultExpired)},
		{name: "scope", body: strings.NewReader(form("key", "scoped")), want: fault(apikey.FaultScope)},
		{name: "cut off", body: strings.NewReader(form()[:300]), want: is(rdio.ErrMalformed)},
		{name: "no talkgroup", body: strings.NewReader(form("talkgroup", "-")), want: as[*rdio.MissingError]},
		{name: "timeout", body: cut(300), want: is(intake.ErrReading)},
		{name: "cause", body: cut(300), want: is(os.ErrDeadlineExceeded)},
		{name: "behind the form", body: cut(len(form())), want: is(intake.ErrReading)},
		{name: "too large", body: strings.NewReader(form("audio", long)), want: as[*http.MaxBytesError], change: small},
		{
			name: "too large, of unknown length", body: io.MultiReader(strings.NewReader(form("audio", long))),
			want: as[*http.MaxBytesError], change: small,
		},
	} {
		t.Run(r.name, r.check)
	}
}

func TestReceiveRefusesWithoutRoom(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, r := range []refusal{
		{
			name: "memory", body: strings.NewReader(form()), want: is(admission.ErrNoMemory),
			change: func(o *intake.Options) { o.Gate = admission.NewGate(1, 1, 1000) },
		},
		{
			name: "memory for audio", body: strings.NewReader(form("audio", long)), want: is(admission.ErrNoMemory),
			change: func(o *intake.Options) { o.Gate = admission.NewGate(1, 1, 40<<10) },
		},
		{
			name: "files", body: strings.NewReader(form("audio", long)), want: is(admission.ErrNoFiles),
			change: func(o *intake.Options) {
				o.Spool, _ = intake.OpenSpool(o.Spool.Dir(), 1000, admission.NewFiles(0), o.Disk)
			},
		},
		{
			name: "disk for files", body: strings.NewReader(form("audio", long)), want: is(call.ErrNoSpace),
			change: func(o *intake.Options) {
				full := admission.NewDiskGuard(o.Spool.Dir(), math.MaxInt64)
				o.Spool, _ = intake.OpenSpool(o.Spool.Dir(), 1000, admission.NewFiles(1), full)
			},
		},
		{name: "disk", body: strings.NewReader(form()), want: is(call.ErrNoSpace), change: func(o *intake.Options) {
			o.Disk = admission.NewDiskGuard(o.Spool.Dir(), math.MaxInt64)
		}},
		{
			name: "audio of strangers", body: strings.NewReader(form("key", "-", "audio", long)),
			want: is(admission.ErrBusy), change: func(o *intake.Options) { o.Spool.MaxUntrusted = 50_000 },
		},
	} {
		t.Run(r.name, r.check)
	}
}

func TestReceiveRefusesOtherForms(t *testing.T) {
	b := newBench(t)
	_, w, err := b.receive(strings.NewReader(form()), "Content-Encoding", "gzip")
	if !errors.Is(err, intake.ErrCompressed) || w.Header().Get("Accept-Encoding") != "identity" {
		t.Errorf("compressed: %v", err)
	}
	if _, _, err := b.receive(strings.NewReader(form()), "Content-Encoding", "identity"); err != nil {
		t.Errorf("identity: %v", err)
	}
	if _, _, err := b.receive(strings.NewReader("{}"), "Content-Type", "application/json"); !errors.Is(err,
		rdio.ErrNotForm) {
		t.Errorf("JSON: %v", err)
	}
}

func TestReceiveLimitsRates(t *testing.T) {
	now := time.Unix(1_764_000_100, 0)
	limiter := ratelimit.NewMemory(func() time.Time { return now })
	once := ratelimit.Rate{Limit: 1, Per: time.Hour}
	for _, change := range []func(o *intake.Options){
		func(o *intake.Options) { o.PerKey = ratelimit.Policy{Name: "key", Rate: once, Limiter: limiter} },
		func(o *intake.Options) {
			o.PerAddress = ratelimit.Policy{Name: "address", Rate: once, Limiter: limiter}
		},
	} {
		b := newBench(t, change)
		if _, _, err := b.receive(strings.NewReader(form())); err != nil {
			t.Errorf("the first: %v", err)
		}
		if _, w, err := b.receive(strings.NewReader(form())); !errors.As(err, new(*ratelimit.ExceededError)) ||
			w.Header().Get("RateLimit") == "" {
			t.Errorf("the second: %v, %v", err, w.Header())
		}
	}
	b := newBench(t, func(o *intake.Options) {
		o.PerKey = ratelimit.Policy{Name: "key", Rate: once, Limiter: brokenLimiter{}}
	})
	if _, _, err := b.receive(strings.NewReader(form())); err != nil ||
		!strings.Contains(b.log.String(), "cannot be looked up") {
		t.Errorf("with a limiter that fails: %v, logged %s", err, &b.log)
	}
	b = newBench(t, func(o *intake.Options) {
		o.PerKey, o.FailClosed = ratelimit.Policy{Name: "key", Rate: once, Limiter: brokenLimiter{}}, true
	})
	if _, _, err := b.receive(strings.NewReader(form())); !errors.As(err, new(*ratelimit.UnavailableError)) ||
		len(b.store.put) != 0 {
		t.Errorf("with a limiter that fails closed: %v, %d calls stored", err, len(b.store.put))
	}
}

type brokenLimiter struct{}

func (brokenLimiter) Err() error { return errors.New("no connection") }

func (brokenLimiter) Take(context.Context, string, ratelimit.Rate) (ratelimit.Quota, error) {
	return ratelimit.Quota{}, errors.New("no connection")
}

func TestReceiveReadsTrunkRecorderForms(t *testing.T) {
	b := newBench(t)
	meta := `{"talkgroup":1001,"start_time":1764000000,"stop_time":1764000005,"freq":851012500,"short_name":"x"}`
	body := form("meta", meta, "talkgroup", "-", "dateTime", "-")
	r := httptest.NewRequest(http.MethodPost, rdio.TrunkRecorderPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	result, err := b.Receive(httptest.NewRecorder(), r, &intake.Body{ReadCloser: r.Body})
	if err != nil || result.ID != 1 || b.store.put[0].Call.Talkgroup != 1001 {
		t.Errorf("%+v, %v", result, err)
	}
}
