package mischief

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// request is one request, as it is put on the wire.
type request struct {
	head     string
	body     []byte
	over     time.Duration // the body is sent bit by bit in that time; 0: at once
	patience time.Duration // a server that closes the connection without an answer sooner has none
	fill     int64         // further bytes of audio after the body, as many as the server takes
	hangUp   bool          // then end the connection's own direction
	hold     bool          // then say nothing more, and wait
	name     string        // of the audio file
}

const (
	slowTime  = 20 * time.Second // slower than any radio site's link, and within the deadlines that servers have
	patience  = 5 * time.Second  // a client that says nothing for less may just have a bad line
	announced = 4 << 30          // no call has so much
	fillMost  = 128 << 20        // by then, a server with any limit has refused
	boundary  = "----rdiostressMischief7MA4YWxkTrZu0gW"
	agent     = "rdiostress"
)

// maker makes the requests of one call.
type maker struct {
	url   *url.URL
	key   string
	runID string
	kind  string
	n     uint64 // of this kind
	now   func() time.Time
	rng   *rand.Rand
	call  *upload.Request // a call that no good one is a duplicate of
}

// name is the audio file's name, by which the call is known on the server as one of this run's.
func (m *maker) name() string {
	return fmt.Sprintf("%sbad-%s-%06d", rdio.MarkPattern(m.runID), m.kind, m.n)
}

// field is one part of a form.
type field struct{ name, value string }

// fields are those of a valid call.
func (m *maker) fields() []field {
	c := &m.call.Call
	return []field{
		{"key", m.key},
		{"system", strconv.FormatInt(c.System, 10)},
		{"dateTime", strconv.FormatInt(c.Time.Unix(), 10)},
		{"talkgroup", strconv.FormatInt(c.Talkgroup, 10)},
		{"frequency", "851012500"},
		{"talkgroupLabel", c.TalkgroupLabel},
		{"systemLabel", traffic.SystemLabel(c.System)},
	}
}

// with is the fields with one set to another value.
func with(fields []field, name, value string) []field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	fields[i].value = value
	return fields
}

// without is the fields without some.
func without(fields []field, names ...string) []field {
	return slices.DeleteFunc(fields, func(f field) bool { return slices.Contains(names, f.name) })
}

// form lays out fields and audio. The audio comes last; its end is where that of the form is cut off in cut.
func form(fields []field, fileName string, audio []byte) []byte {
	var b []byte
	for _, f := range fields {
		b = fmt.Appendf(b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, f.name, f.value)
	}
	if audio != nil {
		b = fmt.Appendf(b, "--%s\r\nContent-Disposition: form-data; name=\"audio\"; filename=\"%s\"\r\n"+
			"Content-Type: audio/mpeg\r\n\r\n", boundary, fileName)
		b = append(append(b, audio...), "\r\n"...)
	}
	return fmt.Appendf(b, "--%s--\r\n", boundary)
}

// post is a request with a body, of which length is announced.
func (m *maker) post(contentType string, body []byte, length int64) request {
	host := m.url.Host
	if i, j := strings.IndexByte(host, '%'), strings.IndexByte(host, ']'); 0 <= i && i < j {
		host = host[:i] + host[j:] // an IPv6 zone means nothing to anybody else
	}
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nConnection: close\r\nContent-Length: %d\r\n",
		m.url.RequestURI(), host, agent, length)
	if contentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", contentType)
	}
	if m.url.User != nil {
		password, _ := m.url.User.Password()
		token := base64.StdEncoding.EncodeToString([]byte(m.url.User.Username() + ":" + password))
		fmt.Fprintf(&b, "Authorization: Basic %s\r\n", token)
	}
	b.WriteString("\r\n")
	return request{head: b.String(), body: body, patience: patience, name: m.name()}
}

const formType = "multipart/form-data; boundary=" + boundary

// upload is a whole form with these fields and a file name.
func (m *maker) upload(fields []field, fileName string, audio []byte) request {
	body := form(fields, fileName, audio)
	return m.post(formType, body, int64(len(body)))
}

// valid is a call as good as any.
func (m *maker) valid() request { return m.upload(m.fields(), m.name()+".mp3", m.audio()) }

func (m *maker) audio() []byte { return m.call.Clip.Bytes([]byte(m.name())) }

// half cuts a request's body off in the middle of its audio, and announces as much as said.
func (m *maker) half(announce func(whole, half int) int) request {
	body := form(m.fields(), m.name()+".mp3", m.audio())
	cut := len(body) - len(m.audio())/2
	return m.post(formType, body[:cut], int64(announce(len(body), cut)))
}

func (m *maker) truncated() request { return m.half(func(_, half int) int { return half }) }

func (m *maker) abort() request {
	r := m.half(func(whole, _ int) int { return whole })
	r.hangUp = true
	return r
}

func (m *maker) stalled() request {
	r := m.half(func(whole, _ int) int { return whole })
	r.hold = true
	return r
}

func (m *maker) slow() request {
	r := m.valid()
	r.over = slowTime
	return r
}

// malformed takes turns between ways in which a form can be broken.
func (m *maker) malformed() request {
	body := form(m.fields(), m.name()+".mp3", m.audio())
	size := int64(len(body))
	switch m.n % 5 {
	case 0:
		return m.post("multipart/form-data", body, size) // no boundary
	case 1:
		return m.post("multipart/form-data; boundary=another", body, size)
	case 2:
		json := []byte(`{"system":1,"talkgroup":1}`)
		return m.post("application/json", json, int64(len(json)))
	case 3:
		broken := []byte(strings.Replace(string(body), "name=\"key\"\r\n\r\n", "name=\"key\r\n", 1))
		return m.post(formType, broken, int64(len(broken)))
	default:
		noise := m.noise(2000)
		return m.post(formType, noise, int64(len(noise)))
	}
}

func (m *maker) wrongKey() request {
	return m.upload(with(m.fields(), "key", "wrong-"+m.runID), m.name()+".mp3", m.audio())
}

func (m *maker) oversize() request {
	body := form(m.fields(), m.name()+".mp3", m.audio())
	r := m.post(formType, body[:len(body)-len(boundary)-8], announced) // up to the end of the audio, which then goes on
	r.fill = fillMost
	return r
}

func (m *maker) noAudio() request { return m.upload(m.fields(), "", nil) }

// badDate is a date as Java's and JavaScript's Date print it, which no server reads.
func (m *maker) badDate() request {
	date := m.call.Time.UTC().Format("Mon Jan 02 15:04:05 MST 2006")
	return m.upload(with(m.fields(), "dateTime", date), m.name()+".mp3", m.audio())
}

func (m *maker) garbageAudio() request {
	return m.upload(m.fields(), m.name()+".mp3", m.noise(len(m.audio())))
}

func (m *maker) noise(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(m.rng.Uint32())
	}
	return b
}

// climb leads from any folder to the topmost.
const climb = "../../../../../../../../../../../../"

// outside is where a server that believes the file name of pathTraversal writes to.
func outside(name string) string { return "/tmp/" + name + ".mp3" }

func (m *maker) pathTraversal() request {
	path := climb + strings.TrimPrefix(outside(m.name()), "/")
	return m.upload(append(m.fields(), field{"audioName", path}), path, m.audio())
}

func (m *maker) futureTime() request {
	ahead := m.now().Add(time.Hour)
	fields := with(m.fields(), "dateTime", strconv.FormatInt(ahead.Unix(), 10))
	return m.upload(
		append(fields, field{"timestamp", strconv.FormatInt(ahead.UnixMilli(), 10)}), m.name()+".mp3", m.audio(),
	)
}

func (m *maker) quoteInName() request {
	name := m.name() + "-o'clock.mp3"
	return m.upload(append(m.fields(), field{"audioName", name}), name, m.audio())
}

func (m *maker) labelOnly() request {
	fields := with(without(m.fields(), "system", "talkgroup"), "systemLabel", "rdiostress "+m.runID)
	return m.upload(fields, m.name()+".mp3", m.audio())
}

// unusedNumber is a number far from those that networks use.
func unusedNumber(n uint64) string { return strconv.FormatUint(98_760_000+n%10_000, 10) }

func (m *maker) unknownSystem() request {
	return m.upload(with(m.fields(), "system", unusedNumber(m.n)), m.name()+".mp3", m.audio())
}

func (m *maker) unknownTalkgroup() request {
	return m.upload(with(m.fields(), "talkgroup", unusedNumber(m.n)), m.name()+".mp3", m.audio())
}
