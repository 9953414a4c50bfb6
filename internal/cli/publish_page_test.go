package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/browsertest"
)

// The page is only for this machine, unless there is a token that cannot be guessed, which is never shown.
func TestWebFlags(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		want string // empty: the flags are right
	}{
		"a word":          {[]string{"--web", "page"}, "--web must be a port, or an address and a port"},
		"everybody":       {[]string{"--web", "0.0.0.0:0"}, "--web 0.0.0.0:0 can be reached from other machines: set"},
		"a name":          {[]string{"--web", "loader.lan:0"}, "--web loader.lan:0 can be reached"},
		"a short token":   {[]string{"--web", ":0", "--web-token", "s3cret"}, "--web-token must be 16 or more letters"},
		"a strange token": {[]string{"--web", ":0", "--web-token", "s3cret s3cret; s3cret"}, "--web-token must be 16"},
		"no page to keep": {[]string{"--web-keep"}, "--web-keep is for the page of --web"},
		"no page":         {[]string{"--web-token", "s3cret-s3cret-s3cret"}, "--web-token is for the page of --web"},
		"the same": {
			[]string{"--web", "9100", "--prometheus", ":9100"},
			"--web 127.0.0.1:9100 and --prometheus 127.0.0.1:9100 are the same address: give each its own port",
		},
		"one of all": {
			[]string{"--web", "localhost:9100", "--prometheus", "0.0.0.0:9100"},
			"--web localhost:9100 and --prometheus 0.0.0.0:9100 are the same address",
		},
		"any port each": {[]string{"--web", "0", "--prometheus", "0"}, ""},
		"another host":  {[]string{"--web", "[::1]:9100", "--prometheus", "127.0.0.1:9100"}, ""},
		"a port":        {[]string{"--web", "8080"}, ""},
		"this machine":  {[]string{"--web", "localhost:0", "--web-keep"}, ""},
		"IPv6":          {[]string{"--web", "[::1]:0"}, ""},
		"a token":       {[]string{"--web", "0.0.0.0:0", "--web-token", "s3cret-s3cret-s3cret"}, ""},
	} {
		ios, out, errs := testStreams()
		var got *runOptions
		cmd := newRunCmd(ios, func(_ context.Context, o *runOptions) error {
			got = o
			return nil
		})
		cmd.SetArgs(tt.args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		switch {
		case tt.want == "" && (err != nil || got == nil):
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (err == nil || exitCode(err) != exitUsage || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		case err != nil && strings.Contains(err.Error()+out.String()+errs.String(), "s3cret"):
			t.Errorf("%s shows the token: %v", name, err)
		}
	}
}

var pageAt = regexp.MustCompile(`the page is at (http://127\.0\.0\.1:\d+)/\n`)

// The page follows a whole run in a browser, also across a lost connection, while a reader that does not read is there
// too; after the run the report stays until an interrupt.
func TestPageFollowsARun(t *testing.T) {
	b := browsertest.Open(t, "http://127.0.0.1:")
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	file := filepath.Join(t.TempDir(), "report.html")
	cmd := exec.Command(program(t), "run", "--url", r.url, "--rate", "20", "--duration", "20", "--web", ":0",
		"--web-keep", "--json", "-", "--html", file)
	var out, errs testenv.Output
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	waitUntil(t, "the command says where its page is", func() bool { return pageAt.MatchString(errs.String()) })
	direct := pageAt.FindStringSubmatch(errs.String())[1]
	stalled := stall(t, strings.TrimPrefix(direct, "http://"))
	defer stalled.Close()
	p := startCuttable(t, strings.TrimPrefix(direct, "http://"))
	b.Visit("http://"+p.listener.Addr().String()+"/", 390)
	const text = `document.getElementById("main").innerText`
	const status = `document.getElementById("status").textContent`
	waitUntil(t, "the page shows uploads", func() bool {
		return browsertest.Ask[bool](b, "document.querySelector('#chart-uploads .live canvas') !== null")
	})
	browsertest.Ask[bool](b, `document.querySelector('#chart-uploads details').open = true`)
	b.Sound("before the cut")
	p.cut()
	before := browsertest.Ask[string](b, text)
	waitUntil(t, "the page goes on after a lost connection", func() bool {
		status := browsertest.Ask[string](b, status)
		return browsertest.Ask[string](b, text) != before && (status == "live" || status == "this is the end")
	})
	if !browsertest.Ask[bool](b, `document.querySelector('#chart-uploads details').open`) {
		t.Error("an unfolded table is folded by the next state")
	}
	browsertest.Ask[bool](b, `new MutationObserver(all => { window.most = Math.max(window.most || 0, all.length) })
		.observe(document.getElementById("when"), { childList: true }) || true`)
	waitFor(t, 2*time.Minute, "the page shows the end", func() bool { // all of the run may still be to come
		return browsertest.Ask[string](b, status) == "this is the end"
	})
	// What has come through the pipe is copied at its own pace.
	waitUntil(t, "the report is on stdout", func() bool { return json.Valid([]byte(out.String())) })
	var rep report.Report
	if err := json.Unmarshal([]byte(out.String()), &rep); err != nil {
		t.Fatalf("%v: %s", err, &errs)
	}
	shown := browsertest.Ask[string](b, text)
	if !strings.Contains(shown, fmt.Sprintf("of %d uploads", rep.Totals.Attempted)) ||
		!strings.Contains(shown, "Download the whole report") || strings.Contains(shown, "so far") {
		t.Errorf("at the end the page shows\n%s", shown)
	}
	if n := browsertest.Ask[int](b, "window.most"); n != 1 {
		t.Errorf("a state is shown %d times", n)
	}
	b.Sound("at the end")
	checkKept(t, cmd, direct, file, &errs)
	r.stop()
	<-r.code
}

// What is wrong is said in the order of the flags, and once.
func TestWebProblemsInOrder(t *testing.T) {
	for range 20 { // an order may be right by chance
		ios, _, errs := testStreams()
		args := []string{"run", "--web", "page", "--prometheus", "metrics", "--web-keep"}
		code, said := run(t.Context(), args, ios), errs.String()
		if code != exitUsage || strings.Index(said, "--prometheus must be") > strings.Index(said, "--web must be") ||
			strings.Contains(said, "--web-keep") {
			t.Fatalf("exit code %d, %s", code, said)
		}
	}
}

// A run and a search that fail show that, to who follows and to who comes later, until an interrupt.
func TestFailureIsPublished(t *testing.T) {
	for _, command := range []string{"run", "capacity"} {
		ctx, interrupt := context.WithCancel(t.Context())
		ios, _, errs := testStreams()
		code := make(chan int, 1)
		go func() {
			code <- run(ctx, []string{
				command, "--url", "http://127.0.0.1:1", "--web", ":0", "--web-keep", "--prometheus", ":0",
			}, ios)
		}()
		waitUntil(t, "the page stays", func() bool { return strings.Contains(errs.String(), "the page stays at ") })
		said := errs.String()
		cause, _, _ := strings.Cut(said[strings.Index(said, errorPrefix)+len(errorPrefix):], "\n")
		for _, tt := range []struct{ at, want string }{
			{pageAt.FindStringSubmatch(said)[1] + "/", "exit code 3"},
			{pageAt.FindStringSubmatch(said)[1] + "/events", "event: end\n"},
			{metricsAt(t, errs), "rdiostress_run_exit_code 3\n"},
			{metricsAt(t, errs), "rdiostress_run_stage{stage=\"ended\"} 1\n"},
		} {
			_, text := testenv.Fetch(t, http.MethodGet, tt.at, nil)
			if !strings.Contains(text, tt.want) {
				t.Errorf("%s: %s has no %q:\n%.2000s", command, tt.at, tt.want, text)
			}
			if strings.HasSuffix(tt.at, "/") && !strings.Contains(text, cause) {
				t.Errorf("%s: the page does not say %q:\n%.2000s", command, cause, text)
			}
		}
		interrupt()
		if got := <-code; got != exitNoRun || strings.Count(errs.String(), errorPrefix) != 1 {
			t.Errorf("%s: exit code %d, %s", command, got, errs)
		}
	}
}

// checkKept checks that the report stays until an interrupt, and is the file of --html.
func checkKept(t *testing.T, cmd *exec.Cmd, at, file string, errs fmt.Stringer) {
	t.Helper()
	waitUntil(t, "the report stays", func() bool {
		return strings.Contains(errs.String(), "the report stays at "+at+"/; Ctrl-C leaves\n")
	})
	_, page := testenv.Fetch(t, http.MethodGet, at+"/", nil)
	written, err := os.ReadFile(file)
	if err != nil || page != string(written) {
		t.Errorf("%v: the page of %d bytes is not the file of %d", err, len(page), len(written))
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	code, said := cmd.ProcessState.ExitCode(), errs.String()
	if code == exitInterrupted || code < 0 || strings.Contains(said, "stopping") {
		t.Errorf("after the interrupt: %v\n%s", err, errs)
	}
}

// stall opens a connection that follows the page and reads nothing.
func stall(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(1 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// cuttable passes connections on, until it cuts them.
type cuttable struct {
	listener net.Listener
	target   string
	work     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func startCuttable(t *testing.T, target string) *cuttable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cuttable{listener: ln, target: target}
	p.work.Go(p.accept)
	t.Cleanup(func() {
		ln.Close()
		p.cut()
		p.work.Wait()
	})
	return p
}

func (p *cuttable) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, to)
		p.mu.Unlock()
		pass := func(a, b net.Conn) {
			_, _ = io.Copy(a, b)
			a.Close()
			b.Close()
		}
		p.work.Go(func() { pass(in, to) })
		p.work.Go(func() { pass(to, in) })
	}
}

// cut closes all connections.
func (p *cuttable) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// The hint for an address that this machine does not have names the flag and its port.
func TestListenHints(t *testing.T) {
	for err, want := range map[error]string{
		syscall.EADDRNOTAVAIL: "pass --web 127.0.0.1:9123 for this machine alone, or --web 0.0.0.0:9123 for all",
		syscall.EADDRINUSE:    "pass another port: --web 203.0.113.5:9124, or --web 203.0.113.5:0 for any free one",
	} {
		var ce *commandError
		got := localListenError("web", "203.0.113.5:9123", err)
		if !errors.As(got, &ce) || !strings.Contains(ce.hint, want) {
			t.Errorf("%v: %v", err, got)
		}
	}
	if got := portBeside("65535"); got != "65534" {
		t.Errorf("beside the last port: %s", got)
	}
}
