package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/ratelimit"
)

// uploadWith uploads a call with a key and returns the status.
func (r *rig) uploadWith(t testing.TB, key string, more ...field) int {
	t.Helper()
	resp, _ := r.post(t, strings.NewReader(form(callWith(append(more, field{"key", key})...))))
	return resp.StatusCode
}

// A key from the file allows its own scope and no more.
func TestKeyScope(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, path, `keys:
- {label: all, key: key-for-all}
- {label: scoped, key: key-scoped, systems: [11-12], talkgroups: [1001]}
- {label: elsewhere, key: key-elsewhere, cidrs: [192.0.2.0/24]}
- {label: here, key: key-here, cidrs: [127.0.0.0/8]}
- {label: expired, key: key-expired, expires: 2026-11-23}
- {label: today, key: key-today, expires: 2026-11-24}
`)
	r := newRig(t, func(o *server.Options) { o.KeyFile = path })
	tests := []struct {
		key    string
		more   []field
		status int
	}{
		{key, nil, 200},
		{"key-for-all", nil, 200},
		{"key-scoped", nil, 200},
		{"key-scoped", []field{{"system", "12"}}, 200},
		{"key-scoped", []field{{"system", "13"}}, 403},
		{"key-scoped", []field{{"talkgroup", "1002"}}, 403},
		{"key-elsewhere", nil, 401},
		{"key-here", nil, 200},
		{"key-expired", nil, 401},
		{"key-today", nil, 200},
		{"key-unknown", nil, 401},
		{"", nil, 401},
	}
	for _, tt := range tests {
		if got := r.uploadWith(t, tt.key, tt.more...); got != tt.status {
			t.Errorf("%s, %v: got %d, want %d", tt.key, tt.more, got, tt.status)
		}
	}
	log := r.log.String()
	for _, want := range []string{
		`the key \"expired\" has expired`, `the key \"elsewhere\" is not for this address`,
		`the key \"scoped\" is not for this system or talkgroup`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("not logged: %s", want)
		}
	}
	if strings.Contains(log, "key-") {
		t.Errorf("a key is in the log:\n%s", log)
	}
}

// The key file is reloaded when it changes or on request. A broken file changes nothing.
func TestKeysReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, path, "keys:\n- {label: a, key: key-number-1}\n")
	r := newRig(t, func(o *server.Options) { o.APIKey, o.KeyFile, o.Reload = "", path, time.Millisecond })
	want := func(key string, status int) {
		t.Helper()
		if got := r.uploadWith(t, key); got != status {
			t.Errorf("%s: got %d, want %d", key, got, status)
		}
	}
	want("key-number-1", 200)
	writeKeys(t, path, "keys:\n- {label: a, key: key-number-2}\n")
	r.server.Reload()
	want("key-number-1", 401)
	want("key-number-2", 200)
	writeKeys(t, path, "keys:\n- {label: a, kee: key-number-3}\n")
	r.server.Reload()
	want("key-number-2", 200)
	const notReloaded = "cannot reload the API keys; the last valid version stays in force"
	if log := r.log.String(); !strings.Contains(log, notReloaded) ||
		!strings.Contains(log, "line 2: unknown field") || strings.Contains(log, "key-number") {
		t.Errorf("log:\n%s", log)
	}
	serve(t, r) // polls the file by itself
	writeKeys(t, path, "keys:\n- {label: a, key: key-number-04}\n")
	eventually(t, "the key is taken", func() bool { return r.uploadWith(t, "key-number-04") == 200 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the missing file is logged",
		func() bool { return strings.Contains(r.log.String(), "no such file") })
	want("key-number-04", 200)
}

// Uploads over the rate of a key or an address are refused, and every reply states the remaining quota.
func TestRateLimit(t *testing.T) {
	clock := now
	r := newRig(t, func(o *server.Options) {
		o.KeyRate, o.FromRate = ratelimit.Rate{Limit: 3, Per: time.Minute}, ratelimit.Rate{Limit: 10, Per: time.Hour}
		o.Now = func() time.Time { return clock }
	})
	steps := []struct {
		after     time.Duration
		key       string
		status    int
		rateLimit string
		retry     string
	}{
		{0, key, 200, `"address";r=9;t=360, "key";r=2;t=20`, ""},
		{0, key, 200, `"address";r=8;t=360, "key";r=1;t=20`, ""},
		{0, key, 200, `"address";r=7;t=360, "key";r=0;t=20`, ""},
		{0, key, 429, `"address";r=6;t=360, "key";r=0;t=20`, "20"},
		{15 * time.Second, key, 429, `"address";r=5;t=345, "key";r=0;t=5`, "5"},
		{6 * time.Second, key, 200, `"address";r=4;t=339, "key";r=0;t=19`, ""},
		{0, "wr0ng", 401, `"address";r=3;t=339`, ""},
		{0, "wr0ng", 401, `"address";r=2;t=339`, ""},
		{0, "wr0ng", 401, `"address";r=1;t=339`, ""},
		{0, "wr0ng", 401, `"address";r=0;t=339`, ""},
		{0, key, 429, `"address";r=0;t=339`, "339"},
	}
	for n, step := range steps {
		clock = clock.Add(step.after)
		resp, body := r.post(t, strings.NewReader(form(callWith(field{"key", step.key}))))
		got := strings.Join(resp.Header.Values("RateLimit"), ", ")
		if resp.StatusCode != step.status || got != step.rateLimit || resp.Header.Get("Retry-After") != step.retry {
			t.Errorf("step %d: got %s %q, RateLimit %s, Retry-After %s", n, resp.Status, body, got,
				resp.Header.Get("Retry-After"))
		}
		if want := `"address";q=10;w=3600`; resp.Header.Get("RateLimit-Policy") != want {
			t.Errorf("step %d: RateLimit-Policy %q", n, resp.Header.Values("RateLimit-Policy"))
		}
	}
}

// A proxy's X-Forwarded-For counts only if the proxy is trusted.
func TestTrustedProxies(t *testing.T) {
	tests := []struct {
		proxies   string
		forwarded []string
		want      string
	}{
		{"", []string{"192.0.2.1"}, "127.0.0.1"},
		{"127.0.0.1", nil, "127.0.0.1"},
		{"127.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"127.0.0.0/8", []string{"192.0.2.1, 198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.0/8,198.51.100.0/24", []string{"192.0.2.1, 198.51.100.7"}, "192.0.2.1"},
		{"127.0.0.0/8,198.51.100.0/24", []string{"192.0.2.1", "198.51.100.7"}, "192.0.2.1"},
		{"127.0.0.0/8", []string{"192.0.2.1, <script>"}, "127.0.0.1"},
		{"127.0.0.0/8", []string{"2001:db8::1"}, "2001:db8::1"},
	}
	for _, tt := range tests {
		r := newRig(t, func(o *server.Options) {
			var list []string
			if tt.proxies != "" {
				list = strings.Split(tt.proxies, ",")
			}
			var err error
			if o.Proxies, err = clientaddr.ParseNetworks(list); err != nil {
				t.Fatal(err)
			}
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/nothing", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Forwarded-For"] = tt.forwarded
		resp, err := r.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := "client=" + tt.want; !strings.Contains(r.log.String(), want+"\n") {
			t.Errorf("%+v: logged %s", tt, r.log)
		}
	}
}

// If a read key is set, only clients with the key see calls.
func TestReadKey(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.ReadKey = "read-s3cret" })
	r.upload(t)
	for _, path := range []string{"/api/calls", "/api/calls/1", "/api/calls/1/audio"} {
		for _, tt := range []struct {
			header, value string
			status        int
		}{
			{"X-None", "", 401},
			{"X-API-Key", "read-wr0ng", 401},
			{"X-API-Key", key, 401},
			{"Authorization", "Basic read-s3cret", 401},
			{"X-API-Key", "read-s3cret", 200},
			{"Authorization", "bearer read-s3cret", 200},
		} {
			resp, body := r.get(t, path, tt.header, tt.value)
			if resp.StatusCode != tt.status {
				t.Errorf("%s with %s %q: got %s", path, tt.header, tt.value, resp.Status)
			}
			if tt.status == 401 && (resp.Header.Get("WWW-Authenticate") == "" ||
				body != "A key is needed to read calls\n") {
				t.Errorf("%s: %q, %v", path, body, resp.Header)
			}
		}
	}
	if strings.Contains(r.log.String(), "read-") {
		t.Errorf("a key is in the log:\n%s", r.log)
	}
}

// Everything that a client sends is escaped in the log.
func TestLogIsEscaped(t *testing.T) {
	r := newRig(t)
	const evil = "\x1b[31m\u202e"
	r.post(t, strings.NewReader(form(callWith(field{"key", "wr0ng" + evil}))))
	r.post(t, strings.NewReader(form(callWith(field{"systemLabel", evil + "\n"}, field{"audioName", evil + "\nx.mp3"},
		field{"site", evil}))))
	r.post(t, strings.NewReader(form(append(callWith(), field{"system", "12"}, field{evil + "\nlevel=ERROR", "1"}))))
	r.get(t, "/%1b[31m%0alevel=ERROR%20%e2%80%ae")
	lines := 0
	for line := range strings.Lines(r.log.String()) {
		lines++
		if strings.ContainsAny(line, "\x1b\u202e") || !strings.HasPrefix(line, "time=") ||
			strings.Contains(line, "Z level=ERROR") {
			t.Errorf("logged %q", line)
		}
	}
	if lines != 5 {
		t.Errorf("logged %d lines:\n%s", lines, r.log)
	}
}
