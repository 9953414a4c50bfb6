package s3_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/blob/blobtest"
	"rdiostress/internal/server/blob/s3"
	"rdiostress/internal/server/call"
	"rdiostress/internal/testenv/s3test"
)

// fake is an object store in this process, which can be made to fail.
type fake struct {
	*httptest.Server
	backend *s3mem.Backend
	status  atomic.Int64 // what it answers instead; 0 means that it works
	code    atomic.Value // of type string: S3's name for that
	refused atomic.Int64 // how many requests it refuses because of others at that moment
}

func newFake(t *testing.T) *fake {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "a-key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
	f := &fake{backend: s3mem.New()}
	f.code.Store("")
	if err := f.backend.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	works := gofakes3.New(f.backend).Server()
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := f.status.Load(); status != 0 {
			w.WriteHeader(int(status))
			_, _ = w.Write([]byte("<Error><Code>" + f.code.Load().(string) + "</Code></Error>"))
			return
		}
		if f.refused.Add(-1) >= 0 {
			w.WriteHeader(http.StatusConflict)
			return
		}
		works.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) url(path string) string { return "s3://" + path + "?region=us-east-1&endpoint=" + f.URL }

func (f *fake) open(t *testing.T, path string) (*s3.Bucket, error) {
	t.Helper()
	loc, err := s3.ParseLocation(f.url(path))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s3.Open(t.Context(), options(loc))
	if err == nil {
		t.Cleanup(func() { b.Close() })
	}
	return b, err
}

func options(loc s3.Location) s3.Options {
	return s3.Options{
		Location: loc, Database: "db", Failures: 2, Delay: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	}
}

// names lists all objects.
func (f *fake) names(t *testing.T) (names []string) {
	t.Helper()
	list, err := f.backend.ListBucket("calls", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		names = append(names, o.Key)
	}
	return names
}

func TestSuite(t *testing.T) {
	f := newFake(t)
	b, err := f.open(t, "calls/radio")
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, b, t.TempDir(), f.names)
}

// The suite on a real server, which is killed and comes back in between.
func TestSuiteOnARealServer(t *testing.T) {
	server := s3test.Start(t)
	loc, err := s3.ParseLocation(server.URL("radio/north"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s3.Open(t.Context(), options(loc))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	blobtest.Run(t, b, t.TempDir(), func(t *testing.T) []string { return server.Objects(t) })
	name, err := b.Adopt(t.Context(), blobtest.Spool(t, t.TempDir(), []byte("audio")), &rdio.Call{})
	if err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	for b.Ready() == nil {
		_, err := b.Adopt(t.Context(), blobtest.Spool(t, t.TempDir(), []byte("audio")), &rdio.Call{})
		if !errors.Is(err, call.ErrAudioAway) || !strings.Contains(err.Error(), "cannot be reached") {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := b.Open(t.Context(), name); !errors.Is(err, call.ErrAudioAway) {
		t.Errorf("reading while it is away: %v", err)
	}
	server.Restart(t)
	await(t, "it is found again", func() bool { return b.Ready() == nil })
	named := func(context.Context, []string) (map[string]bool, error) { return nil, nil }
	if n, err := b.Sweep(t.Context(), -time.Hour, named); n != 1 || err != nil {
		t.Errorf("removed %d, %v; left %q", n, err, server.Objects(t))
	}
	await(t, "nothing is left, nor of a probe", func() bool { return len(server.Objects(t)) == 0 })
}

// await polls until something is so.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// Objects without a call go when they are old enough, and nothing else does: no object of a call, of another database
// or of others.
func TestSweep(t *testing.T) {
	f := newFake(t)
	b, err := f.open(t, "calls")
	if err != nil {
		t.Fatal(err)
	}
	spool := t.TempDir()
	adopt := func(day int) string {
		name, err := b.Adopt(t.Context(), blobtest.Spool(t, spool, []byte("audio")),
			&rdio.Call{System: 1, Talkgroup: 2, Time: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	kept, orphan, other := adopt(1), adopt(1), adopt(2)
	for _, key := range []string{"db/notes.txt", "db2/2026-11-01/120000_1_2_X.mp3"} {
		if _, err := f.backend.PutObject("calls", key, nil, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	named := func(_ context.Context, names []string) (map[string]bool, error) {
		return map[string]bool{kept: true}, nil
	}
	if n, err := b.Sweep(t.Context(), time.Hour, named); n != 0 || err != nil {
		t.Errorf("new objects: removed %d, %v", n, err)
	}
	broken := errors.New("the database is down")
	if n, err := b.Sweep(t.Context(), -time.Hour, func(context.Context, []string) (map[string]bool, error) {
		return nil, broken
	}); n != 0 || !errors.Is(err, broken) {
		t.Errorf("with a database that does not answer: removed %d, %v", n, err)
	}
	if n, err := b.Sweep(t.Context(), -time.Hour, named); n != 2 || err != nil {
		t.Errorf("removed %d, %v; want %s and %s", n, err, orphan, other)
	}
	want := []string{"db/" + kept, "db/notes.txt", "db2/2026-11-01/120000_1_2_X.mp3"}
	if got := f.names(t); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	for range 1001 {
		adopt(3)
	}
	if n, err := b.Sweep(t.Context(), -time.Hour, named); n != 0 || !errors.Is(err, blob.ErrManyOrphans) {
		t.Errorf("more than failures leave: removed %d, %v", n, err)
	}
}

// An object that is refused because of another one is stored soon afterwards.
func TestConflict(t *testing.T) {
	f := newFake(t)
	b, err := f.open(t, "calls")
	if err != nil {
		t.Fatal(err)
	}
	f.refused.Store(3)
	name, err := b.Adopt(t.Context(), blobtest.Spool(t, t.TempDir(), []byte("audio")), &rdio.Call{})
	if err != nil || f.refused.Load() >= 0 || !slices.Equal(f.names(t), []string{"db/" + name}) {
		t.Errorf("got %v; left %q", err, f.names(t))
	}
}

// While the object store is away, uploads are refused at once; it is found again although none comes.
func TestAwayAndBack(t *testing.T) {
	f := newFake(t)
	b, err := f.open(t, "calls")
	if err != nil {
		t.Fatal(err)
	}
	f.code.Store("AccessDenied") // which the client does not repeat
	f.status.Store(http.StatusForbidden)
	for range 2 {
		_, err := b.Adopt(t.Context(), blobtest.Spool(t, t.TempDir(), []byte("audio")), &rdio.Call{})
		var down *call.UnavailableError
		if !errors.As(err, &down) || down.RetryAfter < time.Second ||
			!strings.Contains(err.Error(), "access is denied") {
			t.Fatalf("got %v", err)
		}
	}
	if s := b.Stats(); s.State == call.BreakerClosed || s.Opened < 1 || b.Ready() == nil {
		t.Errorf("the state is %+v", s)
	}
	f.status.Store(0)
	await(t, "it is found again", func() bool { return b.Ready() == nil })
	if s := b.Stats(); s.State != call.BreakerClosed {
		t.Errorf("the state is %+v", s)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	f := newFake(t)
	for _, tt := range []struct {
		code   string
		status int
		want   string
	}{
		{"NoSuchBucket", 404, "does not exist"},
		{"AccessDenied", 403, "access is denied"},
		{"SignatureDoesNotMatch", 403, "does not accept the credentials"},
		{"RequestTimeTooSkewed", 403, "clocks"},
		{"AuthorizationHeaderMalformed", 400, "the region"},
		{"NoSuchKey", 404, "does not store objects"},
		{"", 200, "does not store objects"},
		{"Strange", 400, "answered Strange"},
	} {
		f.code.Store(tt.code)
		f.status.Store(int64(tt.status))
		_, err := f.open(t, "calls")
		check(t, err, tt.want)
	}
	f.Close()
	_, err := f.open(t, "calls")
	check(t, err, "cannot be reached")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("HOME", t.TempDir())
	_, err = f.open(t, "calls")
	check(t, err, "no credentials")
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	var e *s3.Error
	if !errors.As(err, &e) || e.Hint == "" || !strings.Contains(err.Error(), want) ||
		strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "a-secret") {
		t.Errorf("got %v; want %q", err, want)
	}
}

func TestParseLocation(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want s3.Location
	}{
		{"s3://calls", s3.Location{Bucket: "calls", Endpoint: "s3.amazonaws.com", Hosted: true}},
		{"s3://calls/a/b/?endpoint=http://127.0.0.1:9000&region=r&profile=p", s3.Location{
			Bucket: "calls", Prefix: "a/b/", Endpoint: "127.0.0.1:9000", Plain: true, Region: "r", Profile: "p",
		}},
		{"s3://calls?endpoint=minio:9000", s3.Location{Bucket: "calls", Endpoint: "minio:9000"}},
		{"s3://calls?endpoint=minio&path-style=false", s3.Location{Bucket: "calls", Endpoint: "minio", Hosted: true}},
	} {
		if got, err := s3.ParseLocation(tt.url); got != tt.want || err != nil {
			t.Errorf("%s: got %+v, %v", tt.url, got, err)
		}
	}
	for _, bad := range []string{
		"", "calls", "https://calls", "s3://", "s3://ab", "s3://Calls", "s3://a..b", "s3://calls/../x", "s3://calls#x",
		"s3://key:secret@calls", "s3://calls?endpoint=", "s3://calls?endpoint=ftp://x", "s3://calls?endpoint=a:b@c",
		"s3://calls?path-style=maybe", "s3://calls?secret=secret", "s3://calls?region=a&region=b", "s3://calls?%zz",
	} {
		if _, err := s3.ParseLocation(bad); !errors.Is(err, s3.ErrURL) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}

// What is accepted names a bucket, and says so in a URL that names the same one.
func FuzzParseLocation(f *testing.F) {
	f.Add("s3://calls/a?endpoint=http://h:1&region=r")
	f.Add("s3://calls?path-style=true")
	f.Fuzz(func(t *testing.T, text string) {
		loc, err := s3.ParseLocation(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(loc.Bucket, "/@:") || loc.Endpoint == "" {
			t.Errorf("%q: %+v", text, loc)
		}
	})
}
