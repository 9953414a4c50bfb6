package cli

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/testenv"
)

// hugeCalls puts calls into a data folder such as an older version has stored: with labels, lists and groups as long as
// a form lets them be. Every byte of a label takes six in JSON.
func hugeCalls(t *testing.T, dir string, calls int) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", sqlite.DatabasePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	label := strings.Repeat("\x01", 255<<10)
	units := "[" + strings.TrimSuffix(strings.Repeat(`{"id":1,"offset_s":0},`, 12_000), ",") + "]"
	for n := range calls {
		if _, err := db.Exec(`INSERT INTO calls (system_id, talkgroup_id, started_ms, received_ms, frequency_hz,
			source_id,
			site_id, system_label, talkgroup_label, talkgroup_name, talkgroup_tag, talker_alias, units, audio_name,
			audio_type, audio_bytes, audio_sha256, audio)
			VALUES (11, 1001, ?, 0, 0, 0, 0, ?, ?, '', '', ?, ?, 'a.mp3', '', 250000, zeroblob(32), zeroblob(250000))`,
			1_764_000_000_000+int64(n), label, label, label, units); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("INSERT INTO call_counts SELECT started_ms / 86400000, 11, 1001, count(*), sum(audio_bytes) " +
		"FROM calls GROUP BY 1"); err != nil {
		t.Fatal(err)
	}
}

// slowReader asks for something, and then takes no byte of it until it is closed.
func slowReader(t *testing.T, url, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that little of the reply is in the kernel
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	return conn
}

// However many clients list calls, or look at single ones, or play them, and however slowly, they cost the server less
// than 100 MB.
func TestReadersMemory(t *testing.T) {
	testenv.Slow(t, "makes a database of 40 MB")
	const calls = 40
	dir := filepath.Join(t.TempDir(), "data")
	hugeCalls(t, dir, calls)
	program := testenv.Build(t)
	for name, paths := range map[string][]string{
		"lists": {
			"/api/calls?per_page=1000",
			"/api/calls?per_page=1000&cursor=start",
		}, "calls": {"/api/calls/7"}, "audio": {"/api/calls/7/audio"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startLoggedServe(t, program, dir)
			defer s.kill()
			quickReaders(t, s.url, calls) // what SQLite itself takes for such rows, whoever asks for them
			before := peakMemory(t, s.cmd.Process.Pid)
			for n := range 350 {
				slowReader(t, s.url, paths[n%len(paths)])
			}
			whole := 0
			// who are turned away come again
			waitUntil(t, "beside slow readers, quick ones get their list", func() bool {
				whole = quickReaders(t, s.url, calls)
				return whole > 0
			})
			after := peakMemory(t, s.cmd.Process.Pid)
			t.Logf("%d MB before, %d MB at the most; %d of 20 quick readers had their list", before, after, whole)
			if after-before >= 100 {
				t.Errorf("readers took %d MB", after-before)
			}
		})
	}
}

// quickReaders list all calls, twenty at once, and returns how many had the whole list. Others may be turned away.
func quickReaders(t *testing.T, url string, calls int) (whole int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 20 {
		wg.Go(func() {
			n, err := listedCalls(ctx, url)
			mu.Lock()
			defer mu.Unlock()
			if n == calls && err == nil {
				whole++
			}
			if err != nil && !strings.Contains(err.Error(), "503") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return whole
}

// listedCalls reads a list, and counts its calls.
func listedCalls(ctx context.Context, url string) (n int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/calls?per_page=1000", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("got %s", resp.Status)
	}
	var list struct{ Calls []json.RawMessage }
	err = json.NewDecoder(bufio.NewReader(resp.Body)).Decode(&list)
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("half a list: %w", err)
	}
	return len(list.Calls), err
}
