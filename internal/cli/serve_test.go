package cli

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rdiostress/internal/server/blob/s3"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/testenv"
)

// testStreams are streams without a terminal, with the given variables.
func testStreams(env ...string) (ios *streams, out, errs *testenv.Output) {
	out, errs = &testenv.Output{}, &testenv.Output{}
	return &streams{In: strings.NewReader(""), Out: out, Err: errs, Environ: env}, out, errs
}

func TestServeFlags(t *testing.T) {
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keysFile := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(keysFile, []byte("keys:\n- {label: a, key: 12345678}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000}
	defaults := serveOptions{
		listen: "127.0.0.1:8000", address: local, dataDir: "./rdiostress-data", key: "test-api-key",
		logFormat: "text", logLevel: "info",
		ingest: ingestOptions{maxUpload: 100 << 20, workers: 10, queue: 1000, memory: 128 << 20, minRate: 1 << 10},
		store: storeOptions{
			pool: postgres.PoolOptions{
				Min: 5, Max: 20, AcquireTimeout: 30 * time.Second, MaxLifetime: time.Hour, MaxIdle: 5 * time.Minute,
				MaxQueries: 50000,
				Retries:    3,
			},
			inlineAudio: 256 << 10, minFree: 100 << 20, window: 500 * time.Millisecond,
			breaker: groupcommit.BreakerOptions{Failures: 10, Delay: 5 * time.Second},
		},
		transcribe: transcribeOptions{engine: "off", workers: 4, timeout: 2 * time.Minute, attempts: 8},
		access:     accessOptions{limitFail: "open"},
	}
	tests := []struct {
		name string
		args []string
		env  []string
		want func(o *serveOptions)
	}{
		{"defaults", nil, nil, func(*serveOptions) {}},
		{"all", []string{
			"--listen", "[::1]:0", "--data-dir", "d", "--api-key", "k", "--log-format", "json", "--log-level", "debug",
			"--max-upload-size", "500kB", "--workers", "7", "--queue", "8", "--upload-memory", "5MiB",
			"--min-rate", "2kB", "--max-connections", "77",
			"--inline-audio", "1MiB", "--min-free-disk", "5MB", "--duplicate-window", "2s", "--retention", "30d",
			"--breaker-failures", "3", "--breaker-delay", "1s", "--database-url", "postgres://db/x", "--pool-min", "1",
			"--blob-url", "s3://calls/radio?endpoint=minio:9000&region=here",
			"--pool-max", "2", "--pool-acquire-timeout", "3s", "--pool-max-lifetime", "4m", "--pool-max-idle", "5s",
			"--pool-max-queries", "6", "--connect-retries", "0",
		}, nil, func(o *serveOptions) {
			o.listen, o.address, o.dataDir, o.key = "[::1]:0", &net.TCPAddr{IP: net.IPv6loopback}, "d", "k"
			o.logFormat, o.logLevel = "json", "debug"
			o.ingest = ingestOptions{
				maxUpload: 500_000, workers: 7, queue: 8, conns: 77, memory: 5 << 20,
				minRate: 2000,
			}
			o.store = storeOptions{
				databaseURL: "postgres://db/x",
				blobURL:     "s3://calls/radio?endpoint=minio:9000&region=here",
				bucket: s3.Location{
					Bucket: "calls", Prefix: "radio/", Endpoint: "minio:9000", Region: "here",
				},
				pool: postgres.PoolOptions{
					Min: 1, Max: 2, AcquireTimeout: 3 * time.Second, MaxLifetime: 4 * time.Minute,
					MaxIdle:    5 * time.Second,
					MaxQueries: 6,
				},
				inlineAudio: 1 << 20, minFree: 5_000_000, window: 2 * time.Second,
				retention: daysValue(30 * 24 * time.Hour),
				breaker:   groupcommit.BreakerOptions{Failures: 3, Delay: time.Second},
			}
		}},
		{"environment", nil, []string{"RDIOSTRESS_API_KEY=e", "RDIOSTRESS_QUEUE=9"}, func(o *serveOptions) {
			o.key, o.ingest.queue = "e", 9
		}},
		{"key file", []string{"--api-key-file", keyFile}, []string{"RDIOSTRESS_API_KEY=e"}, func(o *serveOptions) {
			o.key, o.keyFile = "from-file", keyFile
		}},
		{"access", []string{
			"--api-keys", keysFile, "--read-key", "r", "--rate-limit", "60/m", "--rate-limit-address", "5/s",
			"--drain-time", "3s",
			"--trusted-proxies", "10.0.0.0/8,::1", "--redis-password-file", keyFile, "--limit-fail", "closed",
		}, []string{"RDIOSTRESS_REDIS_URL=redis://:s3cret@h"}, func(o *serveOptions) {
			o.key, o.access = "", accessOptions{
				keyFile: keysFile, readKey: "r", keyRate: limitValue{Limit: 60, Per: time.Minute},
				fromRate: limitValue{Limit: 5, Per: time.Second}, drain: durationValue(3 * time.Second),
				proxies:  []string{"10.0.0.0/8", "::1"},
				redisURL: "redis://:s3cret@h", redisPassword: "from-file", redisPasswordFile: keyFile,
				limitFail: "closed",
			}
		}},
		{
			"everywhere with a file of keys",
			[]string{"--listen", ":http", "--api-keys", keysFile},
			nil,
			func(o *serveOptions) {
				o.listen, o.address, o.key, o.access.keyFile = ":http", &net.TCPAddr{Port: 80}, "", keysFile
			},
		},
		{"transcription", []string{
			"--transcribe", "simulate:0.1", "--transcribe-workers", "2", "--transcribe-timeout", "5s",
			"--transcribe-attempts", "3",
		}, nil, func(o *serveOptions) {
			o.transcribe = transcribeOptions{engine: "simulate:0.1", workers: 2, timeout: 5 * time.Second, attempts: 3}
		}},
		{"everywhere with a key", []string{"--listen", ":http", "--api-key", "k"}, nil, func(o *serveOptions) {
			o.listen, o.address, o.key = ":http", &net.TCPAddr{Port: 80}, "k"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ios, _, _ := testStreams(tt.env...)
			var got *serveOptions
			cmd := newServeCmd(ios, func(_ context.Context, o *serveOptions) error {
				got = o
				return nil
			})
			cmd.PersistentPreRunE = newRootCmd(ios).PersistentPreRunE
			cmd.SetArgs(append([]string{}, tt.args...))
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := defaults
			tt.want(&want)
			equalIP := cmp.Comparer(func(a, b net.IP) bool { return a.Equal(b) })
			unexported := cmp.AllowUnexported(defectOptions{}, storeOptions{}, serveOptions{}, ingestOptions{},
				accessOptions{}, transcribeOptions{})
			if diff := cmp.Diff(&want, got, unexported, equalIP,
				cmpopts.IgnoreFields(serveOptions{}, "ios")); diff != "" {
				t.Errorf("options differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServeRefusesFlags(t *testing.T) {
	const hint = "rdiostress: hint: pass --api-key-file or --api-key, set RDIOSTRESS_API_KEY, or listen on 127.0.0.1\n"
	tests := []struct {
		args []string
		want string
	}{
		{
			[]string{"--listen", "0.0.0.0:0"},
			`the development key "test-api-key" is known to everybody, and 0.0.0.0:0 can be`,
		},
		{[]string{"--listen", ":0"}, "and :0 can be reached by others\n" + hint},
		{[]string{"--listen", "[::]:0"}, "and [::]:0 can be reached by others\n" + hint},
		{
			[]string{"--listen", "8000"},
			`error: --listen must be an address and a port, such as 127.0.0.1:8000, not "8000"`,
		},
		{[]string{"--listen", "127.0.0.1:nope"}, `error: --listen 127.0.0.1:nope: there is no port "nope"`},
		{[]string{"--listen", "no.such.host.invalid:1"}, `cannot find the host "no.such.host.invalid"`},
		{[]string{"--workers", "0"}, "error: --workers and --queue must be at least 1"},
		{
			[]string{"--max-connections", "2147483647"},
			"error: --max-connections: 2147483647 connections are too many: this process may have ",
		},
		{[]string{"--max-connections", "-1"}, "error: --max-connections must not be under 0"},
		{[]string{"--upload-memory", "1MiB"}, "error: --upload-memory must be at least 4MiB"},
		{
			[]string{"--pool-max", "9", "--connect-retries", "1"},
			"error: --pool-max, --connect-retries: only for PostgreSQL, so with --database-url",
		},
		{[]string{"--log-format", "xml"}, `error: --log-format must be text or json, not "xml"`},
		{[]string{"--log-level", "loud"}, "--log-level"},
		{[]string{"--max-upload-size", "big"}, `"big" is not a size; write bytes, or 500kB, 100MiB`},
		{
			[]string{"--data-dir", "", "--api-key", ""},
			"error: --api-key must not be empty\nrdiostress: error: --data-dir must",
		},
		{[]string{"--api-key-file", "/no/such/file"}, "cannot read the API key"},
		{[]string{"--api-keys", "/no/such/file"}, "error: --api-keys: open /no/such/file: "},
		{[]string{"--rate-limit", "60"}, `error: --rate-limit: "60" is not a rate; write 60/m, or with /s, /h or /d`},
		{[]string{"--trusted-proxies", "ten"}, `error: --trusted-proxies: "ten" is not a network such as 10.0.0.0/8`},
		{
			[]string{"--redis-url", "redis://:s3cret@h:port"},
			"error: --redis-url: write redis://host:6379, rediss://host:6379 for TLS, or unix:///path/to/socket\n",
		},
		{
			[]string{"--redis-url", "redis://h", "--redis-password-file", "/no/such/file"},
			"cannot read the password of Redis: ",
		},
		{[]string{"--blob-url", "s3://calls"}, "error: --blob-url: only for PostgreSQL, so with --database-url"},
		{
			[]string{"--database-url", "postgres://h/d", "--blob-url", "s3://k:s@calls"},
			"error: --blob-url: the bucket's URL cannot be used: it has credentials",
		},
		{[]string{"--database-keys"}, "error: --database-keys: only for PostgreSQL, so with --database-url"},
		{[]string{"--limit-fail", "closed"}, "error: --limit-fail: only for Redis, so with --redis-url"},
		{[]string{"--redis-url", "redis://h", "--limit-fail", "no"}, "--limit-fail must be open or closed, not \"no\""},
		{[]string{"--tls-cert", "c.pem"}, "error: --tls-cert and --tls-key belong together"},
		{[]string{"--transcribe", "whisper"}, `error: --transcribe: "whisper" is none of off, exec:COMMAND, http:URL`},
		{[]string{"--transcribe", "exec:no-such"}, "error: --transcribe: cannot find the command no-such"},
		{[]string{"--transcribe-workers", "2"}, "error: --transcribe-workers: only with --transcribe"},
		{
			[]string{
				"--transcribe", "simulate:1", "--transcribe-workers", "0", "--transcribe-timeout", "0",
				"--transcribe-attempts", "0",
			},
			"error: --transcribe-workers must be from 1 to 1000\nrdiostress: error: --transcribe-timeout must be at " +
				"least 1ms\nrdiostress: error: --transcribe-attempts must be from 1 to 1000",
		},
		{[]string{"extra"}, `serve takes no argument: "extra"`},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			ios, out, errs := testStreams()
			if code := run(t.Context(), append([]string{"serve"}, tt.args...), ios); code != exitUsage {
				t.Errorf("exit code %d, want 2", code)
			}
			if !strings.Contains(errs.String(), tt.want) || out.String() != "" {
				t.Errorf("printed %q to stderr and %q to stdout; want %q", errs, out, tt.want)
			}
		})
	}
}

// running is a serve command in this process.
type running struct {
	url  string
	out  *testenv.Output
	errs *testenv.Output
	stop context.CancelFunc
	code chan int
}

// startServe runs serve until it has told its address.
func startServe(t *testing.T, args ...string) *running {
	t.Helper()
	ios, out, errs := testStreams()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{out: out, errs: errs, stop: cancel, code: make(chan int, 1)}
	t.Cleanup(cancel)
	go func() { r.code <- run(ctx, append([]string{"serve"}, args...), ios) }()
	waitUntil(t, "serve has told its address", func() bool { return strings.HasSuffix(out.String(), "\n") })
	r.url = strings.TrimSpace(strings.TrimPrefix(out.String(), "listening "))
	return r
}

func TestServeRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	r := startServe(t, "--listen", "localhost:0", "--data-dir", dir, "--log-format", "json", "--api-key", "s3cret")
	resp, err := http.Get(r.url + "/health")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()

	t.Run("port in use", func(t *testing.T) {
		address := strings.TrimPrefix(r.url, "http://")
		ios, _, errs := testStreams()
		code := run(t.Context(), []string{"serve", "--listen", address, "--data-dir", t.TempDir()}, ios)
		want := "rdiostress: error: " +
			address + " is in use by another program\nrdiostress: hint: stop the other program, or "
		if code != exitNoRun || !strings.HasPrefix(errs.String(), want) {
			t.Errorf("exit code %d, %q", code, errs)
		}
	})
	t.Run("data folder in use", func(t *testing.T) {
		ios, _, errs := testStreams()
		code := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir}, ios)
		want := "rdiostress: error: cannot use the data folder " + dir + ": in use by another server\n" +
			"rdiostress: hint: stop the other server, or pass another --data-dir\n"
		if code != exitNoRun || errs.String() != want {
			t.Errorf("exit code %d, %q", code, errs)
		}
	})
	t.Run("data folder is a file", func(t *testing.T) {
		file := filepath.Join(dir, "rdiostress.db")
		ios, _, errs := testStreams()
		code := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", file}, ios)
		if code != exitUsage || !strings.HasSuffix(errs.String(), "it is a file, not a folder\n") {
			t.Errorf("exit code %d, %q", code, errs)
		}
	})

	r.stop()
	if code := <-r.code; code != exitOK {
		t.Errorf("exit code %d: %s", code, r.errs)
	}
	if lines := strings.Count(r.out.String(), "\n"); lines != 1 {
		t.Errorf("stdout has %d lines: %q", lines, r.out)
	}
	if log := r.errs.String(); !strings.Contains(log, `"msg":"serving","url":"`+r.url) ||
		strings.Contains(log, "s3cret") {
		t.Errorf("log: %s", log)
	}
}

func TestListenURL(t *testing.T) {
	tests := map[string]net.Addr{
		"http://127.0.0.1:80": &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80},
		"http://[::1]:80":     &net.TCPAddr{IP: net.IPv6loopback, Port: 80},
		"http://localhost:80": &net.TCPAddr{IP: net.IPv6unspecified, Port: 80},
	}
	for want, addr := range tests {
		if got := listenURL(addr); got != want {
			t.Errorf("%v: got %q, want %q", addr, got, want)
		}
	}
}
