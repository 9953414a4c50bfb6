package torture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sent is a call that was uploaded.
type sent struct {
	sum   [sha256.Size]byte
	id    string    // by the acknowledgement; empty if there was none
	began time.Time // the upload that was acknowledged
}

// load uploads calls until it is stopped. Each has a name of its own, by which it is found in the store, audio that its
// name makes, and a talkgroup and a second that no other call has.
type load struct {
	r      *round
	urls   []string // of servers on one database; a call that fails at one is sent to the next
	system int
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	acks, refusals atomic.Int64

	mu      sync.Mutex
	calls   map[string]*sent
	refused map[string]int
	slowest time.Duration // upload that was acknowledged
	odd     []string      // replies that no fault explains
}

const workers = 8

// startLoad uploads to a server. Every other worker uploads a call again until it is acknowledged; the others go on
// with the next one.
func (r *round) startLoad(urls ...string) *load { return r.startLoadIn(11, urls...) }

// startLoadIn uploads calls of a system.
func (r *round) startLoadIn(system int, urls ...string) *load {
	return r.startLoadOf(system, r.between(2*time.Second, 3*time.Second, 10*time.Second), urls...)
}

// startPatientLoad uploads with clients that wait for a minute.
func (r *round) startPatientLoad(url string) *load { return r.startLoadOf(11, time.Minute, url) }

func (r *round) startLoadOf(system int, timeout time.Duration, urls ...string) *load {
	ctx, cancel := context.WithCancel(r.Context())
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	l := &load{
		r: r, urls: urls, system: system, ctx: ctx, cancel: cancel, calls: make(map[string]*sent),
		refused: make(map[string]int),
		client:  &http.Client{Transport: transport, Timeout: timeout},
	}
	for w := range workers {
		random := rand.New(rand.NewPCG(r.random.Uint64(), uint64(w)))
		l.work.Go(func() { l.worker(w, random) })
	}
	r.Cleanup(func() { l.stop(); transport.CloseIdleConnections() })
	return l
}

// stop ends the load, and waits for the uploads under way.
func (l *load) stop() {
	l.cancel()
	l.work.Wait()
}

func (l *load) worker(w int, random *rand.Rand) {
	const pause = 4 * time.Millisecond // so that the load leaves the machine to others, and the disk
	tick := time.NewTicker(pause)
	defer tick.Stop()
	again := w%2 == 1
	for n := 0; l.ctx.Err() == nil; n++ {
		name := fmt.Sprintf("torture-%d-%d-%d.mp3", l.system, w, n)
		audio := audioOf(random)
		c := &sent{sum: sha256.Sum256(audio)}
		l.mu.Lock()
		l.calls[name] = c
		l.mu.Unlock()
		for try := 0; l.ctx.Err() == nil; try++ {
			isAcked := l.upload(upload{l.urls[try%len(l.urls)], name, w, n, audio}, c)
			<-tick.C
			if isAcked || !again {
				break
			}
		}
	}
}

// audioOf makes the audio of a call: a few kilobytes, or, of every ninth call, too many for the database.
func audioOf(random *rand.Rand) []byte {
	size := 500 + random.IntN(6000)
	if random.IntN(9) == 0 {
		size = 257<<10 + random.IntN(50<<10)
	}
	audio := make([]byte, size)
	for i := 0; i+8 < size; i += 8 {
		v := random.Uint64()
		copy(audio[i:], []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24), byte(v >> 32), byte(v >> 40)})
	}
	return audio
}

// upload is one attempt to upload call n of worker w.
type upload struct {
	url, name string
	w, n      int
	audio     []byte
}

// upload uploads a call once, and reports whether it was acknowledged.
func (l *load) upload(u upload, c *sent) bool {
	began := time.Now()
	// An upload under way when the load ends is let end, as what it is answered counts.
	id, err := l.uploadOnce(context.WithoutCancel(l.ctx), u)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		c.id, c.began = id, began
		l.slowest = max(l.slowest, time.Since(began))
		l.acks.Add(1)
		return true
	}
	var reply *replyError
	switch {
	case !errors.As(err, &reply):
		l.refused["no reply"]++
	default:
		l.refused[strconv.Itoa(reply.status)]++
		if reply.status < 400 || reply.status == http.StatusInternalServerError {
			l.odd = append(l.odd, err.Error())
		}
	}
	l.refusals.Add(1)
	return false
}

// replyError is a reply that is no acknowledgement.
type replyError struct {
	status int
	text   string
}

func (e *replyError) Error() string { return fmt.Sprintf("answered %d: %s", e.status, e.text) }

func (l *load) uploadOnce(ctx context.Context, u upload) (id string, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{
		{"key", "test-api-key"},
		{"system", strconv.Itoa(l.system)},
		{"talkgroup", strconv.Itoa(1 + u.w)},
		{"dateTime", strconv.Itoa(1_764_000_000 + 2*u.n)},
	} {
		_ = form.WriteField(field[0], field[1]) // to memory
	}
	part, _ := form.CreateFormFile("audio", u.name)
	_, _ = part.Write(u.audio)
	_ = form.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+"/api/call-upload", &body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Accept", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var reply struct{ Status, CallID, Detail, Message string }
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK || reply.Status != "ok" || reply.CallID == "" {
		return "", &replyError{resp.StatusCode, strings.TrimSpace(reply.Status + " " + reply.Detail + reply.Message)}
	}
	return reply.CallID, nil
}

// awaitAcks waits until so many more calls are acknowledged.
func (l *load) awaitAcks(n int64) {
	l.r.Helper()
	most := l.acks.Load() + n
	l.r.await(backLimit, fmt.Sprintf("%d more calls are acknowledged", n), func() bool { return l.acks.Load() >= most })
}

// awaitRefusals waits until so many more uploads are not acknowledged.
func (l *load) awaitRefusals(n int64, limit time.Duration) {
	l.r.Helper()
	most := l.refusals.Load() + n
	l.r.await(limit, fmt.Sprintf("%d more uploads are refused", n), func() bool { return l.refusals.Load() >= most })
}

// backLimit is how soon after a fault uploads must be acknowledged again.
const backLimit = 60 * time.Second

// awaitBack waits, at the end of a fault, until an upload that began after it is acknowledged.
func (l *load) awaitBack() {
	l.r.Helper()
	healed := time.Now()
	l.r.await(backLimit, "uploads are acknowledged again", func() bool { return l.lastAck().After(healed) })
	l.r.tally.back = max(l.r.tally.back, time.Since(healed))
	l.awaitAcks(workers)
}

// takeSlowest returns how long the slowest upload took that was acknowledged since it was last asked for.
func (l *load) takeSlowest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	slowest := l.slowest
	l.slowest = 0
	return slowest
}

// lastAck is when the upload began that was the last to be acknowledged.
func (l *load) lastAck() (last time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.calls {
		if c.began.After(last) {
			last = c.began
		}
	}
	return last
}
