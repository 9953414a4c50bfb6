package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

// waitUntil polls until ok, and fails the test if that takes absurdly long.
func waitUntil(t testing.TB, what string, ok func() bool) {
	t.Helper()
	waitFor(t, 30*time.Second, what, ok)
}

// waitFor is waitUntil for what may take long.
func waitFor(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	if !comesTrue(patience, ok) {
		t.Fatalf("still not so: %s", what)
	}
}

// comesTrue polls until a condition holds, or the patience is over. It may be called by any goroutine.
func comesTrue(patience time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}

// serveProcess is a serve command in a process of its own, which can be killed.
type serveProcess struct {
	url string
	cmd *exec.Cmd
}

func startServeProcess(t *testing.T, binary, dir string) *serveProcess {
	t.Helper()
	return startServeCommand(t, binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--log-level", "error")
}

// startServeCommand starts a program that is, or becomes, a serve command.
func startServeCommand(t *testing.T, program string, args ...string) *serveProcess {
	t.Helper()
	return startServeProcessWith(t, exec.Command(program, args...), os.Stderr)
}

// startServeProcessWith starts a command that is, or becomes, a serve command, and logs to a writer.
func startServeProcessWith(t *testing.T, cmd *exec.Cmd, log io.Writer) *serveProcess {
	t.Helper()
	p := &serveProcess{cmd: cmd}
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("serve has not told its address: %v", err)
	}
	p.url = strings.TrimSpace(strings.TrimPrefix(line, "listening "))
	return p
}

// kill ends the process as a crash would; it does no harm twice.
func (p *serveProcess) kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	_ = p.cmd.Wait()         // says that it was killed
}

// acknowledged is the hash of each call that the server said it had stored, by its id.
type acknowledged struct {
	mu   sync.Mutex
	sums map[string]string
}

func (a *acknowledged) add(id, sum string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sums[id] = sum
}

func (a *acknowledged) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sums)
}

// uploadUntilError uploads calls of worker w, some of them too long for memory, until one fails because the server is
// gone.
func uploadUntilError(ctx context.Context, url string, w int, acked *acknowledged) {
	for n := 0; ; n++ {
		size := 1000 + 97*n
		if n%5 == 4 {
			size = 300<<10 + n
		}
		audio := bytes.Repeat([]byte(fmt.Sprintf("%d.%d ", w, n)), size/4)
		id, err := uploadOne(ctx, http.DefaultClient, url, w, n, audio)
		if err != nil {
			return
		}
		acked.add(id, hexSum(audio))
	}
}

func hexSum(audio []byte) string {
	sum := sha256.Sum256(audio)
	return hex.EncodeToString(sum[:])
}

func uploadOne(ctx context.Context, client *http.Client, url string, w, n int, audio []byte) (id string, err error) {
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for name, value := range map[string]string{
		"key": developmentKey, "system": "11", "talkgroup": strconv.Itoa(1 + w),
		"dateTime": strconv.Itoa(1764000000 + n),
	} {
		mw.WriteField(name, value)
	}
	part, _ := mw.CreateFormFile("audio", fmt.Sprintf("%d-%d.mp3", w, n))
	part.Write(audio)
	mw.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/call-upload", &body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", mw.FormDataContentType())
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var reply struct{ Status, CallID string }
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK || reply.Status != "ok" {
		return "", fmt.Errorf("got %s, %+v", resp.Status, reply)
	}
	return reply.CallID, nil
}

// Killed in the middle of a load, again and again, the server has every call that it ever acknowledged, with the right
// audio, and no leftovers.
func TestKilledServerLosesNothing(t *testing.T) {
	testenv.Slow(t, "builds the program and kills it")
	dir := t.TempDir()
	binary := testenv.Build(t)
	acked := &acknowledged{sums: make(map[string]string)}
	for round := 1; round <= 3; round++ {
		p := startServeProcess(t, binary, dir)
		var load sync.WaitGroup
		for w := range 8 {
			load.Go(func() { uploadUntilError(t.Context(), p.url, w, acked) })
		}
		enough := acked.len() + 100
		waitUntil(t, "enough calls are acknowledged", func() bool { return acked.len() >= enough })
		p.kill()
		load.Wait()
	}
	p := startServeProcess(t, binary, dir)
	long := checkStored(t, p.url, acked)
	p.kill()
	if names := filesIn(t, filepath.Join(dir, "spool")); len(names) > 0 {
		t.Errorf("the spool folder holds %q", names)
	}
	if names := filesIn(t, filepath.Join(dir, "audio")); len(names) != long || long == 0 {
		t.Errorf("%d audio files of %d calls with long audio", len(names), long)
	}
}

// checkStored compares what the server has, audio and all, with what it acknowledged. It returns how many calls have
// audio that is too long for the database.
func checkStored(t *testing.T, url string, acked *acknowledged) (long int) {
	t.Helper()
	for id, want := range acked.sums {
		resp, err := http.Get(url + "/api/calls/" + id + "/audio")
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, resp.Body)
		resp.Body.Close()
		if got := hex.EncodeToString(sum.Sum(nil)); err != nil || resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("call %s, acknowledged: %s, hash %s, want %s (%v)", id, resp.Status, got, want, err)
		}
	}
	total := 0
	for page := 1; ; page++ {
		calls := listPage(t, url, page)
		if len(calls) == 0 {
			break
		}
		total += len(calls)
		for _, c := range calls {
			if c.Size >= 256<<10 {
				long++
			}
		}
	}
	if total < len(acked.sums) {
		t.Errorf("%d calls stored of %d acknowledged", total, len(acked.sums))
	}
	t.Logf("%d calls acknowledged, %d stored, %d of them long", len(acked.sums), total, long)
	return long
}

// storedCall is a call of the list, with the fields that the tests need.
type storedCall struct {
	Size int `json:"audio_size_bytes"`
}

func listPage(t *testing.T, url string, page int) []storedCall {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("%s/api/calls?sort_by=id&per_page=1000&page=%d", url, page))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct{ Calls []storedCall }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list.Calls
}

// filesIn lists the files in a folder and in the folders in it.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
