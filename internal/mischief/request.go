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

// request is one request, as it is sent.
type request struct {
	head     string
	body     []byte
	over     time.Duration // time over which the body is sent in pieces; 0: at once
	patience time.Duration // a server that closes without an answer earlier is at fault
	fill     int64         // more audio follows the body, as much as the server reads
	hangUp   bool          // then close the sending direction
	hold     bool          // then send nothing more, and wait
	name     string        // the audio file's name
}

const (
	slowTime  = 20 * time.Second // slower than any radio site's link, but within servers' deadlines
	patience  = 5 * time.Second  // a client that is silent for less may just have a bad line
	announced = 4 << 30          // no call is that large
	fillMost  = 128 << 20        // a server with any limit refuses before that
	boundary  = "----rdiostressMischief7MA4YWxkTrZu0gW"
	agent     = "rdiostress"
)

// maker builds the requests of one call.
type maker struct {
	url   *url.URL
	key   string
	runID string
	kind  string
	n     uint64 // number among the requests of this kind
	now   func() time.Time
	rng   *rand.Rand
	call  *upload.Request // a call that is no duplicate of a good one
}

// name returns the audio file's name, which identifies the call on the server as one of this run's.
func (m *maker) name() string {
	return fmt.Sprintf("%sbad-%s-%06d", rdio.MarkPattern(m.runID), m.kind, m.n)
}

// field is one part of a form.
type field struct{ name, value string }

// fields returns the fields of a valid call.
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

// with returns the fields with one set to another value.
func with(fields []field, name, value string) []field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	fields[i].value = value
	return fields
}

// without returns the fields without some.
func without(fields []field, names ...string) []field {
	return slices.DeleteFunc(fields, func(f field) bool { return slices.Contains(names, f.name) })
}

// form builds the body from fields and audio. The audio comes last, where truncated forms end.
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

// post returns a request with a body and an announced length.
func (m *maker) post(contentType string, body []byte, length int64) request {
	host := m.url.Host
	if i, j := strings.IndexByte(host, '%'), strings.IndexByte(host, ']'); 0 <= i && i < j {
		host = host[:i] + host[j:] // an IPv6 zone is only valid on this machine
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

// upload returns a complete form with these fields and a file name.
func (m *maker) upload(fields []field, fileName string, audio []byte) request {
	body := form(fields, fileName, audio)
	return m.post(formType, body, int64(len(body)))
}

// valid returns a valid call.
func (m *maker) valid() request { return m.upload(m.fields(), m.name()+".mp3", m.audio()) }

func (m *maker) audio() []byte { return m.call.Clip.Bytes([]byte(m.name())) }

// half cuts off a request's body in the middle of its audio, and announces its full length.
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

// malformed cycles through ways to break a form.
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
	r := m.post(formType, body[:len(body)-len(boundary)-8], announced) // up to the audio, which continues
	r.fill = fillMost
	return r
}

func (m *maker) noAudio() request { return m.upload(m.fields(), "", nil) }

// badDate sends a date as Java's and JavaScript's Date print it, which no server reads.
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

// climb leads from any folder to the root.
const climb = "../../../../../../../../../../../../"

// outside returns the path to which a server writes that trusts the file name of pathTraversal.
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

// unusedNumber is far from the numbers that networks use.
func unusedNumber(n uint64) string { return strconv.FormatUint(98_760_000+n%10_000, 10) }

func (m *maker) unknownSystem() request {
	return m.upload(with(m.fields(), "system", unusedNumber(m.n)), m.name()+".mp3", m.audio())
}

func (m *maker) unknownTalkgroup() request {
	return m.upload(with(m.fields(), "talkgroup", unusedNumber(m.n)), m.name()+".mp3", m.audio())
}
