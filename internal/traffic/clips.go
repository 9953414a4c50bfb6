package traffic

import (
	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Clips gives the audio that a client's calls have. The same wish gets the same clip.
type Clips interface {
	Clip(c rdio.Client, w audio.Want) audio.Clip
}

// Sources are the Clips of clients that each have one kind of audio.
type Sources [rdio.NumClients]audio.Source

// Clip returns audio of the client's kind.
func (s *Sources) Clip(c rdio.Client, w audio.Want) audio.Clip { return s[c].Clip(w) }

// KindOf is the kind of audio that a client sends unless told otherwise.
func KindOf(c rdio.Client) audio.Kind {
	switch c {
	case rdio.TrunkRecorder:
		return audio.M4AAt8k
	case rdio.TrunkRecorder52, rdio.RdioScanner: // which has converted what it took in
		return audio.M4AAt32k
	case rdio.TrunkRecorderMeta, rdio.Curl: // as their examples have it
		return audio.WAVAt8kHz
	case rdio.Voxcall:
		return audio.MP3At32k
	default:
		return audio.MP3At16k
	}
}

// RecordedSources has every client of a mix send recordings: those of its own format, if there are any.
func RecordedSources(m scenario.Mix, r *audio.Recordings) *Sources {
	s := &Sources{}
	for _, c := range m.Clients() {
		s[c] = r.Only(KindOf(c).Ext())
	}
	return s
}

// NewSources lays out what the clients of a mix send, in sizes up to so many bytes.
func NewSources(m scenario.Mix, bytes int) (*Sources, error) {
	s := &Sources{}
	made := make(map[audio.Kind]audio.Source)
	for _, c := range m.Clients() {
		kind := KindOf(c)
		if made[kind] == nil {
			source, err := audio.New(kind, bytes)
			if err != nil {
				return nil, err
			}
			made[kind] = source
		}
		s[c] = made[kind]
	}
	return s, nil
}
