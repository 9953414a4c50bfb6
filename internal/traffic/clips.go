package traffic

import (
	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// Clips provides the audio of calls. The same want gets the same clip.
type Clips interface {
	Clip(c rdio.Client, w audio.Want) audio.Clip
}

// Sources is a Clips that has one source of audio for each client.
type Sources [rdio.NumClients]audio.Source

// Clip returns audio from the client's source.
func (s *Sources) Clip(c rdio.Client, w audio.Want) audio.Clip { return s[c].Clip(w) }

// KindOf returns the kind of audio that a client sends by default.
func KindOf(c rdio.Client) audio.Kind {
	switch c {
	case rdio.TrunkRecorder:
		return audio.M4AAt8k
	case rdio.TrunkRecorder52, rdio.RdioScanner: // which converts the audio that it takes in
		return audio.M4AAt32k
	case rdio.TrunkRecorderMeta, rdio.Curl: // as in their examples
		return audio.WAVAt8kHz
	case rdio.Voxcall:
		return audio.MP3At32k
	default:
		return audio.MP3At16k
	}
}

// RecordedSources makes every client of a mix send recordings, in its own format if there are any.
func RecordedSources(m scenario.Mix, r *audio.Recordings) *Sources {
	s := &Sources{}
	for _, c := range m.Clients() {
		s[c] = r.Only(KindOf(c).Ext())
	}
	return s
}

// NewSources returns the default audio of the clients of a mix, in sizes up to a number of bytes.
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
