package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server/call"
)

// BenchmarkPut stores calls of 1 and 16 kB from 100 goroutines, as fast as the store can.
func BenchmarkPut(b *testing.B, open func(b *testing.B) call.Store) {
	for _, size := range []int{1 << 10, 16 << 10} {
		b.Run(fmt.Sprintf("%dkB", size>>10), func(b *testing.B) {
			s := open(b)
			audio := bytes.Repeat([]byte{1, 2, 3, 4}, size/4)
			sum := sha256.Sum256(audio)
			var next atomic.Int64
			b.SetBytes(int64(len(audio)))
			b.SetParallelism(50) // times two processors
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					u := UploadOf(n)
					u.Call.Talkgroup, u.Call.Time = 1+n%10_000, Noon().Add(time.Duration(n/10_000)*time.Second)
					u.Audio, u.Size, u.SHA256 = audio, int64(len(audio)), sum
					if _, err := s.Put(b.Context(), u); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
