package server_test

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"rdiostress/internal/server"
)

// BenchmarkUpload16kB measures a usual upload over loopback, from the first byte to the durable acknowledgement, on 50
// keep-alive connections. The client costs little: it writes prepared bytes.
func BenchmarkUpload16kB(b *testing.B) {
	r := newRig(b, func(o *server.Options) { o.Logger = slog.New(slog.DiscardHandler) })
	raw := []byte(rawUpload(form(callWith(field{"audio", strings.Repeat("0123456789abcdef", 1000)},
		field{"source", "4424000"},
		field{"frequency", "851012500"}, field{"talkerAlias", ""}, field{"talkgroupLabel", "FD Dispatch"},
		field{"talkgroupGroup", "Fire"}, field{"systemLabel", "County"}, field{"patches", "[]"}))))
	b.SetBytes(int64(len(raw)))
	b.SetParallelism(25)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		conn := r.dial(b)
		replies := bufio.NewReaderSize(conn, 1024)
		for pb.Next() {
			if _, err := conn.Write(raw); err != nil {
				b.Error(err)
				return
			}
			resp, err := http.ReadResponse(replies, nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("%v, %v", resp, err)
				return
			}
			io.Copy(io.Discard, resp.Body)
		}
	})
}
