package cli

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/rdio"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"rdiostress": Main, "faulty": faulty, "peer": peer, "keeper": keeper, "mute": mute,
	})
}

// The scripts in testdata/script run the real program against real servers.
func TestScripts(t *testing.T) {
	schema, err := filepath.Abs("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(testenv.Strict) != "" {
		testenv.Program(t, "curl", "curl") // without it, a script skips
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			examples, err := filepath.Abs(examplesDir)
			clips, err2 := filepath.Abs("../../testdata/audio")
			env.Setenv("EXAMPLES", examples)
			env.Setenv("CLIPS", clips)
			return errors.Join(err, err2)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"start":       startScriptServer,
			"waitfile":    waitFile,
			"waitbytes":   waitBytes,
			"emptydir":    emptyDir,
			"waitgone":    waitGone,
			"validreport": func(ts *testscript.TestScript, _ bool, args []string) { validReport(ts, schema, args) },
		},
	})
}

// exits runs a program that must end with an exit code of those given: exits CODE[,CODE] program [args...]
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// startScriptServer starts a program that prints "listening URL" and sets a variable to the URL: start VAR program
// [args...]. What it says on stderr goes to VAR.log. It is stopped at the end of the script, by SIGTERM, and must end
// well.
func startScriptServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start VAR program [args...]")
	}
	bin := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, args[1]); bin == "" && isFile(p) {
			bin = p
		}
	}
	cmd := exec.Command(bin, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	ts.Check(err)
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, lines)
		err := cmd.Wait()
		ts.Check(log.Close())
		if err != nil && args[1] != "faulty" && args[1] != "peer" && args[1] != "keeper" { // which have no manners
			ts.Fatalf("%s: %v", args[1], err)
		}
	})
	url, ok := strings.CutPrefix(strings.TrimSpace(line), listening)
	if !ok {
		ts.Fatalf("%s printed %q, no address", args[1], line)
	}
	ts.Setenv(args[0], url)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// waitFile waits until a file exists: waitfile FILE
func waitFile(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(time.Minute); !isFile(ts.MkAbs(args[0])); {
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not appear", args[0])
		}
		<-time.After(10 * time.Millisecond)
	}
}

// waitBytes waits until the files that a pattern names hold so many bytes: waitbytes PATTERN N
func waitBytes(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	deadline := time.Now().Add(time.Minute)
	for {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		have := int64(0)
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				have += info.Size()
			}
		}
		if have >= want {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s hold %d bytes", args[0], have)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// waitGone waits until no file has a name that matches: waitgone PATTERN
func waitGone(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(time.Minute); ; {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(files) == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("still there: %q", files)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// emptyDir checks that a folder is empty: emptydir DIR
func emptyDir(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		ts.Fatalf("%s holds %s", args[0], e.Name())
	}
}

// validReport checks a saved report against the published schema and the reader: validreport FILE
func validReport(ts *testscript.TestScript, schemaFile string, args []string) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	ts.Check(err)
	text := ts.ReadFile(args[0])
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	ts.Check(err)
	ts.Check(schema.Validate(doc))
	_, err = report.Read(strings.NewReader(text))
	ts.Check(err)
}

// faulty is a call server that answers a share of the uploads with an error, or all of them as told.
func faulty() {
	failing := flag.Int("errors", 0, "percent of calls to fail, evenly spread")
	status := flag.Int("status", 500, "what failures are answered with")
	body := flag.String("body", "", "answer everything with 200 and this")
	crowd := flag.Int64("crowd", 1<<30, "calls at once beyond which all fail")
	mark := flag.String("mark", "", "make this `file` after 50 calls")
	flag.Parse()
	var calls atomic.Int64
	var busy atomic.Int64
	handle := func(w http.ResponseWriter, r *http.Request) {
		defer busy.Add(-1)
		tooMany := busy.Add(1) > *crowd
		_ = r.ParseMultipartForm(1 << 20)
		if *crowd < 1<<30 {
			<-time.After(50 * time.Millisecond)
		}
		n := int(calls.Add(1))
		switch {
		case *body != "":
			_, _ = io.WriteString(w, *body)
			return
		case r.FormValue("test") != "":
			_, _ = io.WriteString(w, rdio.PhraseTest)
			calls.Add(-1)
			return
		case tooMany, n*(*failing)%100 < *failing:
			http.Error(w, "sorry, call failed", *status)
		default:
			_, _ = io.WriteString(w, rdio.PhraseImported+"\n")
		}
		if n == 50 && *mark != "" {
			_ = os.WriteFile(*mark, nil, 0o600)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listening + "http://" + l.Addr().String())
	_ = http.Serve(l, http.HandlerFunc(handle))
}
