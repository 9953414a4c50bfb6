package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
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

// BenchmarkJobs claims and finishes jobs, 32 at once, as a pool of fast workers does, with 10,000 or more waiting.
func BenchmarkJobs(b *testing.B, open func(b *testing.B) Store) {
	s := open(b)
	var fill sync.WaitGroup
	var next atomic.Int64
	total := int64(b.N + 10_000)
	for range 100 {
		fill.Go(func() {
			for n := next.Add(1); n <= total; n = next.Add(1) {
				u := UploadOf(n)
				u.Call.Talkgroup, u.Call.Time = 1+n%10_000, Noon().Add(time.Duration(n/10_000)*time.Second)
				if _, err := s.Put(b.Context(), u); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	fill.Wait()
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		jobs, err := s.ClaimJobs(b.Context(), 32, 32, time.Minute)
		if err != nil || len(jobs) == 0 {
			b.Fatalf("claimed %d jobs, %v", len(jobs), err)
		}
		var results []call.JobResult
		for _, j := range jobs {
			results = append(results, call.JobResult{
				CallID: j.CallID, Attempt: j.Attempt, Engine: "e", Text: "Engine 5 responding to Main Street",
				Language: "en",
			})
		}
		if effects, err := s.FinishJobs(b.Context(), results); err != nil || len(effects) != len(jobs) {
			b.Fatalf("%d of %d took effect, %v", len(effects), len(jobs), err)
		}
		done += len(jobs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
