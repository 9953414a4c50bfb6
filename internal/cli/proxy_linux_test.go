package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// proxy is a program in front of a server, as servers of calls have one on the internet.
type proxy struct {
	program string
	args    []string // CONFIG is the file of its configuration
	// DIR is a folder of its own, LISTEN where it listens, SERVER the server's host and port, RULE what it does.
	config string
}

func nginx() proxy {
	user := ""
	if os.Geteuid() == 0 {
		user = "user root; " // or its workers could not use the folder
	}
	paths := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += fmt.Sprintf("%s_temp_path DIR/%s; ", name, name)
	}
	return proxy{"nginx", []string{"-p", "DIR", "-c", "CONFIG"}, user + `
		daemon off; pid DIR/pid; error_log DIR/error.log; worker_processes 1; events { worker_connections 512; }
		http { access_log off; ` + paths + `
			server { listen LISTEN; client_max_body_size 0; location / { proxy_pass http://SERVER; RULE } } }`}
}

func haproxy() proxy {
	return proxy{"haproxy", []string{"-q", "-db", "-f", "CONFIG"}, `
global
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend calls
  bind LISTEN
  RULE
  default_backend server
backend server
  server one SERVER
`}
}

// start starts a proxy in front of a server, and returns its address.
func (p proxy) start(t *testing.T, server, rule string) string {
	t.Helper()
	path := "/usr/sbin/" + p.program // which the path of a user often lacks
	if _, err := os.Stat(path); err != nil {
		path = testenv.Program(t, p.program, p.program)
	}
	const tries = 5 // somebody else may have taken the port meanwhile
	for range tries {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listen := free.Addr().String()
		free.Close()
		dir := t.TempDir()
		config := filepath.Join(dir, "config")
		write := strings.NewReplacer("DIR", dir, "CONFIG", config, "LISTEN", listen, "RULE", rule, "SERVER",
			strings.TrimPrefix(server, "http://"))
		if err := os.WriteFile(config, []byte(write.Replace(p.config)), 0o600); err != nil {
			t.Fatal(err)
		}
		var said testenv.Output
		args := slices.Clone(p.args)
		for i := range args {
			args[i] = write.Replace(args[i])
		}
		cmd := exec.Command(path, args...)
		cmd.Stdout, cmd.Stderr = &said, &said
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		up, over := false, false
		waitUntil(t, p.program+" listens or has ended", func() bool {
			select {
			case <-ended:
				over = true
			default:
				conn, err := net.Dial("tcp", listen)
				if up = err == nil; up {
					conn.Close()
				}
			}
			return up || over
		})
		if over {
			t.Logf("%s ended: %s", p.program, said.String())
			continue
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			<-ended
		})
		return "http://" + listen
	}
	t.Fatalf("%s does not start", p.program)
	return ""
}

// through is what a report says of a run through a proxy.
type through struct {
	Errors    struct{ HTTP map[string]uint64 }
	Totals    struct{ Attempted, Accepted, Failed, Unsent uint64 }
	Diagnosis []struct {
		ID       string
		Evidence []string
	}
}

// evidence returns the evidence of a finding; empty if there is no such finding.
func (r *through) evidence(id string) string {
	for _, f := range r.Diagnosis {
		if f.ID == id {
			return strings.Join(f.Evidence, "\n")
		}
	}
	return ""
}

// runThrough makes a run of calls of many sizes against an address.
func runThrough(t *testing.T, url string, args ...string) (r through, code int, said string) {
	t.Helper()
	ios, out, errs := testStreams()
	args = append([]string{
		"run", "--url", url, "--api-key", "k", "--rate", "40", "--watch", "none", "--verify", "none", "--json", "-",
	}, args...)
	code = run(t.Context(), args, ios)
	if out.String() != "" {
		if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
			t.Fatalf("exit code %d, %v\n%s", code, err, errs)
		}
	}
	return r, code, errs.String()
}

// A proxy that refuses calls for their size is found, with its limit.
func TestProxyRefusesLargeCalls(t *testing.T) {
	s := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--api-key", "k")
	for name, url := range map[string]string{
		"nginx": nginx().start(t, s.url, "client_max_body_size 100k;"),
		"haproxy": haproxy().start(t, s.url,
			"http-request deny deny_status 413 if { req.hdr_val(content-length) gt 102400 }"),
	} {
		r, code, said := runThrough(t, url, "--total", "80", "--audio-size", "20KB-400KB")
		if n := r.Errors.HTTP["413"]; n < 20 || r.Totals.Accepted < 3 || n+r.Totals.Accepted != r.Totals.Attempted {
			t.Errorf("%s: exit code %d, %+v\n%s", name, code, r, said)
		}
		found := r.evidence("size-limit")
		if !strings.Contains(found, "a limit ") || !strings.Contains(found, "larger calls refused") {
			t.Errorf("%s: evidence is %q", name, found)
		}
	}
}

// A proxy that redirects uploads is found before the run, and followed by clients that do.
func TestProxyRedirects(t *testing.T) {
	s := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--api-key", "k")
	for name, url := range map[string]string{
		"nginx":   nginx().start(t, s.url, "return 308 "+s.url+"$request_uri;"),
		"haproxy": haproxy().start(t, s.url, "http-request redirect code 308 prefix "+s.url),
	} {
		_, code, said := runThrough(t, url, "--total", "5")
		want := fmt.Sprintf("answered 308, a redirect to %s/api/call-upload\n", s.url)
		if code != exitNoRun || !strings.Contains(said, want) || !strings.Contains(said, "write --url "+s.url) {
			t.Errorf("%s: exit code %d\n%s", name, code, said)
		}
		r, code, said := runThrough(t, url, "--total", "20", "--client", "sdrtrunk", "--real-clients")
		if r.Totals.Accepted < 10 || r.Totals.Failed > 0 || r.Totals.Accepted+r.Totals.Unsent != 20 {
			t.Errorf("%s: exit code %d, %+v\n%s", name, code, r, said)
		}
	}
}

// A server that refuses large uploads before it has read them loses its answer behind a proxy that passes them on at
// once. How many answers are lost, and from which size on, depends on which of the two is faster.
func TestProxyLosesEarlyAnswers(t *testing.T) {
	s := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--api-key", "k", "--defect",
		"rate-limit=per-minute:60")
	url := nginx().start(t, s.url, "proxy_request_buffering off; proxy_http_version 1.1;")
	const tries = 5
	for range tries {
		r, code, said := runThrough(t, url, "--total", "160", "--audio-size", "1KB-2MB")
		lost, found := r.Errors.HTTP["502"], r.evidence("lost-answers")
		t.Logf("%d of %d lost, exit code %d\n%s", lost, r.Totals.Attempted, code, found)
		if found == "" {
			continue
		}
		if lost < 3 || !strings.Contains(found, "ended without the server's answer: 502") ||
			!strings.Contains(found, "the others were answered 429") {
			t.Errorf("exit code %d, %+v\n%s", code, r, said)
		}
		return
	}
	t.Error("answers that nginx loses are not found")
}

// documentedHAProxy is HAProxy with the configuration of docs/scaling.md, in front of two servers.
func documentedHAProxy(t *testing.T, second string) proxy {
	t.Helper()
	text, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "```haproxy\n")
	config, _, ends := strings.Cut(after, "```")
	p := haproxy()
	p.config = strings.NewReplacer("127.0.0.1:8000", "LISTEN", "127.0.0.1:8001", "SERVER", "127.0.0.1:8002",
		strings.TrimPrefix(second, "http://")).Replace(config)
	if !found || !ends || strings.Count(p.config, "SERVER") != 1 || strings.Count(p.config, "LISTEN") != 1 {
		t.Fatalf("docs/scaling.md has another configuration:\n%s", config)
	}
	return p
}

// HAProxy as docs/scaling.md sets it divides calls between two servers, goes on when one is killed, and passes on
// answers that come before the whole upload.
func TestHAProxyInFrontOfServers(t *testing.T) {
	database := pgtest.Open(t).Database(t)
	servers := startSharing(t, 2, database)
	front := documentedHAProxy(t, servers[1].url).start(t, servers[0].url, "")
	var fault sync.WaitGroup
	defer fault.Wait()
	fault.Go(func() {
		waitUntil(t, "the load has begun", func() bool { return storedBy(t, servers[1].url) > 100 })
		servers[0].kill()
	})
	r, code, said := runSeveral(t, []string{front}, "--rate", "100", "--total", "400", "--verify", database,
		"--watch", "none")
	if r.Totals.Accepted < 350 || r.Totals.Failed > 30 {
		t.Errorf("exit code %d, %+v\n%s", code, r.Totals, said)
	}
	checkStoredOnce(t, &r.Delivery)

	s := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--api-key", "k", "--max-upload-size",
		"100KiB")
	front = documentedHAProxy(t, servers[1].url).start(t, s.url, "")
	servers[1].kill()
	early, code, said := runThrough(t, front, "--total", "80", "--audio-size", "20KB-1MB")
	if n := early.Errors.HTTP["413"]; n < 20 || n+early.Totals.Accepted != early.Totals.Attempted {
		t.Errorf("exit code %d, %+v\n%s", code, early, said)
	}
}
