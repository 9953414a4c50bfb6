package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rdiostress/internal/testenv"
)

// peakMemory is the most memory that a process has had so far, in MB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	peak, ok := testenv.PeakMemory(pid)
	if !ok {
		t.Fatal("the kernel does not say how much memory the process has had")
	}
	return int(peak >> 20)
}

// uploadAtOnce uploads calls of that much audio at the same time, each over a connection of its own.
func uploadAtOnce(ctx context.Context, t *testing.T, url string, uploads, first int, size int64) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for n := range uploads {
		wg.Go(func() {
			head := callBody(first + n)
			tail := "\r\n--b--\r\n"
			body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader(tail))
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/call-upload", body)
			if err != nil {
				t.Error(err)
				return
			}
			req.ContentLength = int64(len(head)+len(tail)) + size
			req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			resp, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			text, _ := io.ReadAll(resp.Body) // what is missing of it is not the phrase
			resp.Body.Close()
			if !bytes.Contains(text, []byte("Call imported successfully")) {
				t.Errorf("%s %s", resp.Status, text)
			}
		})
	}
	wg.Wait()
}

// callBody is the form of call n up to its audio.
func callBody(n int) string {
	var b strings.Builder
	for name, value := range map[string]string{
		"key": developmentKey, "system": "11", "talkgroup": strconv.Itoa(1 + n), "dateTime": "1764000000",
	} {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", name, value)
	}
	fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=\"audio\"; filename=\"%d.wav\"\r\n\r\n", n)
	return b.String()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// However much comes at once, the server's memory is bounded: under small calls of a thousand connections, and under
// large uploads.
func TestServeMemory(t *testing.T) {
	testenv.Slow(t, "builds the program, and uploads 1 GB")
	binary := testenv.Build(t)
	tests := []struct {
		name          string
		uploads       int
		size          int64
		times, mostMB int
	}{
		{"small calls", 1000, 16 << 10, 5, 110},
		{"large uploads", 50, 20 << 20, 1, 150},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := startServeProcess(t, binary, t.TempDir())
			for round := range tt.times {
				uploadAtOnce(t.Context(), t, p.url, tt.uploads, round*tt.uploads, tt.size)
			}
			if got := peakMemory(t, p.cmd.Process.Pid); got > tt.mostMB {
				t.Errorf("%d uploads of %d bytes took %d MB, want %d at most", tt.uploads, tt.size, got, tt.mostMB)
			} else {
				t.Logf("%d uploads of %d bytes took %d MB", tt.uploads, tt.size, got)
			}
		})
	}
}
