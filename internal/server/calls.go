package server

import (
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"rdiostress/internal/rdio"
)

// timeFormat is RFC 3339 to the millisecond, which is what calls are stored to.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// listedCall is a call in a list, with the names that sdrtrunk-rdio-api has and the audio's hash.
type listedCall struct {
	ID             int64  `json:"id"`
	Timestamp      string `json:"timestamp"`
	SystemID       int64  `json:"system_id"`
	SystemLabel    string `json:"system_label"`
	TalkgroupID    int64  `json:"talkgroup_id"`
	TalkgroupLabel string `json:"talkgroup_label"`
	Frequency      int64  `json:"frequency"`
	SourceID       int64  `json:"source_id"`
	TalkerAlias    string `json:"talker_alias"`
	AudioFilename  string `json:"audio_filename"`
	AudioSize      int64  `json:"audio_size_bytes"`
	AudioSHA256    string `json:"audio_sha256"`
}

// fullCall is a call with everything that is known of it.
type fullCall struct {
	listedCall
	ReceivedAt      string           `json:"received_at"`
	SiteID          int64            `json:"site_id"`
	TalkgroupName   string           `json:"talkgroup_name"`
	TalkgroupTag    string           `json:"talkgroup_tag"`
	TalkgroupGroups []string         `json:"talkgroup_groups"`
	AudioType       string           `json:"audio_type"`
	Units           []rdio.Unit      `json:"units"`
	Frequencies     []rdio.Frequency `json:"frequencies"`
	Patches         []int64          `json:"patches"`
}

// callPage is the reply of GET /api/calls.
type callPage struct {
	Calls      []listedCall `json:"calls"`
	Total      *int64       `json:"total,omitempty"` // absent where it was not asked for
	Page       int          `json:"page"`
	PerPage    int          `json:"per_page"`
	TotalPages *int64       `json:"total_pages,omitempty"`
	AfterID    int64        `json:"after_id"` // says that the list can be read on by id
}

// handleCalls is GET /api/calls.
func (s *Server) handleCalls(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, &refusal{status: http.StatusBadRequest, text: "Malformed query string"})
		return
	}
	q, err := parseQuery(values)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	records, total, err := s.store.Calls(r.Context(), q)
	if err != nil {
		s.fail(w, r, fmt.Errorf("listing calls: %w", err))
		return
	}
	page := callPage{Calls: make([]listedCall, len(records)), Page: q.Page, PerPage: q.PerPage, AfterID: q.AfterID}
	if !q.Uncounted {
		pages := (total + int64(q.PerPage) - 1) / int64(q.PerPage)
		page.Total, page.TotalPages = &total, &pages
	}
	for i := range records {
		page.Calls[i] = listed(&records[i])
	}
	writeJSON(w, http.StatusOK, page)
}

// handleCall is GET /api/calls/{id}.
func (s *Server) handleCall(w http.ResponseWriter, r *http.Request) {
	rec, err := s.record(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := &rec.Call
	writeJSON(w, http.StatusOK, fullCall{
		listedCall:      listed(&rec),
		ReceivedAt:      rec.Received.UTC().Format(timeFormat),
		SiteID:          c.Site,
		TalkgroupName:   c.TalkgroupName,
		TalkgroupTag:    c.TalkgroupTag,
		TalkgroupGroups: listOf(c.TalkgroupGroups),
		AudioType:       c.AudioType,
		Units:           listOf(c.Units),
		Frequencies:     listOf(c.Frequencies),
		Patches:         listOf(c.Patches),
	})
}

// handleAudio is GET /api/calls/{id}/audio.
func (s *Server) handleAudio(w http.ResponseWriter, r *http.Request) {
	rec, err := s.record(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.audioFiles.take() {
		s.fail(w, r, errNoFiles)
		return
	}
	defer s.audioFiles.give()
	audio, err := s.store.Audio(r.Context(), rec.ID)
	if err != nil {
		s.fail(w, r, fmt.Errorf("opening audio: %w", err))
		return
	}
	defer audio.Close()
	h := w.Header()
	h.Set("Content-Type", audioType(&rec.Call))
	h.Set("X-Content-Type-Options", "nosniff") // what a client uploaded is audio and nothing else
	h.Set("ETag", `"`+hex.EncodeToString(rec.SHA256[:])+`"`)
	h.Set("Content-Disposition", disposition(&rec))
	http.ServeContent(steadyWriter{w}, r, "", rec.Received, audio)
}

// record finds the call that a path names.
func (s *Server) record(r *http.Request) (Record, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return Record{}, errNoCall
	}
	rec, err := s.store.Call(r.Context(), id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("reading a call: %w", err)
	}
	return rec, err
}

func listed(rec *Record) listedCall {
	c := &rec.Call
	return listedCall{
		ID:             rec.ID,
		Timestamp:      c.Time.UTC().Format(timeFormat),
		SystemID:       c.System,
		SystemLabel:    c.SystemLabel,
		TalkgroupID:    c.Talkgroup,
		TalkgroupLabel: c.TalkgroupLabel,
		Frequency:      c.Frequency,
		SourceID:       c.Source,
		TalkerAlias:    c.TalkerAlias,
		AudioFilename:  c.AudioName,
		AudioSize:      rec.AudioSize,
		AudioSHA256:    hex.EncodeToString(rec.SHA256[:]),
	}
}

// listOf makes an absent list an empty one, which is what it is in JSON.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// audioType is the media type to serve a call's audio under. What a client named is heeded if it is audio: served as a page,
// an upload could run scripts.
func audioType(c *rdio.Call) string {
	if strings.HasPrefix(c.AudioType, "audio/") {
		return c.AudioType
	}
	switch strings.ToLower(path.Ext(c.AudioName)) {
	case ".mp3":
		return "audio/mpeg"
	case ".m4a", ".mp4", ".aac":
		return "audio/mp4"
	case ".wav":
		return "audio/wav"
	case ".ogg", ".opus":
		return "audio/ogg"
	default:
		return "application/octet-stream"
	}
}

// disposition offers the audio under the name that it was uploaded with, quoted and encoded as the header needs it.
func disposition(rec *Record) string {
	name := rec.Call.AudioName
	if name == "" {
		name = fmt.Sprintf("call-%d", rec.ID)
	}
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name}); d != "" {
		return d
	}
	return "attachment"
}
