package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/call"
)

// timeFormat is RFC 3339 with milliseconds, the precision of stored calls.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// listedCall is a call in a list. It has the field names of sdrtrunk-rdio-api and the audio's hash.
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

	Transcript *transcriptJSON `json:"transcript,omitempty"` // nil if the call was never queued for transcription
}

// fullCall is a call with all its fields.
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

// handleCall serves GET /api/calls/{id}.
func (s *Server) handleCall(w http.ResponseWriter, r *http.Request) {
	if err := s.limits.wholeCalls.Acquire(r.Context()); err != nil {
		s.fail(w, r, err)
		return
	}
	release := sync.OnceFunc(s.limits.wholeCalls.Release)
	defer release()
	rec, err := findRecord(r, s.store.Call)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	heard, err := s.store.Transcripts(r.Context(), []int64{rec.ID}, false)
	if err != nil {
		s.fail(w, r, fmt.Errorf("reading a transcript: %w", err))
		return
	}
	full := fullCallOf(&rec)
	if len(heard) > 0 {
		full.Transcript = transcriptOf(&heard[0], false)
	}
	status, body := encodeJSON(http.StatusOK, full)
	if len(body) <= smallCall { // most calls: a slow reader of one blocks nobody
		release()
	}
	write(w, status, "application/json", body)
}

// fullCallOf returns a call with all its fields.
func fullCallOf(rec *call.Record) fullCall {
	c := &rec.Call
	return fullCall{
		listedCall:      listedCallOf(rec),
		ReceivedAt:      rec.Received.UTC().Format(timeFormat),
		SiteID:          c.Site,
		TalkgroupName:   c.TalkgroupName,
		TalkgroupTag:    c.TalkgroupTag,
		TalkgroupGroups: listOf(c.TalkgroupGroups),
		AudioType:       c.AudioType,
		Units:           listOf(c.Units),
		Frequencies:     listOf(c.Frequencies),
		Patches:         listOf(c.Patches),
	}
}

// handleAudio serves GET /api/calls/{id}/audio.
func (s *Server) handleAudio(w http.ResponseWriter, r *http.Request) {
	rec, err := findRecord(r, s.store.Listed)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.limits.audioFiles.Acquire() {
		s.fail(w, r, errNoFiles)
		return
	}
	defer s.limits.audioFiles.Release()
	if rec.AudioSize <= s.spool.Inline() { // then it is not a file
		if err := s.limits.inlineAudio.Acquire(r.Context()); err != nil {
			s.fail(w, r, err)
			return
		}
		defer s.limits.inlineAudio.Release()
	}
	audio, err := s.store.Audio(r.Context(), rec.ID)
	if err != nil {
		s.fail(w, r, fmt.Errorf("opening audio: %w", err))
		return
	}
	defer audio.Close()
	h := w.Header()
	h.Set("Content-Type", audioType(&rec.Call))
	h.Set("X-Content-Type-Options", "nosniff") // browsers must not take an upload for anything but audio
	h.Set("ETag", `"`+hex.EncodeToString(rec.SHA256[:])+`"`)
	h.Set("Content-Disposition", disposition(&rec))
	http.ServeContent(admission.DeadlineWriter{ResponseWriter: w}, r, "", rec.Received, audio)
}

// findRecord returns the call that a path names.
func findRecord(r *http.Request, get func(ctx context.Context, id int64) (call.Record, error)) (call.Record, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return call.Record{}, errNoCall
	}
	rec, err := get(r.Context(), id)
	if err != nil && !errors.Is(err, call.ErrNotFound) {
		err = fmt.Errorf("reading a call: %w", err)
	}
	return rec, err
}

func listedCallOf(rec *call.Record) listedCall {
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

// listOf turns an absent list into an empty one, which JSON clients expect.
func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// audioType returns the media type to serve a call's audio with. It uses the client's type if that is an audio type: an
// upload that is served as a page could run scripts.
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

// disposition returns the header that offers the audio under its uploaded name, quoted and encoded.
func disposition(rec *call.Record) string {
	name := rec.Call.AudioName
	if name == "" {
		name = fmt.Sprintf("call-%d", rec.ID)
	}
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name}); d != "" {
		return d
	}
	return "attachment"
}
