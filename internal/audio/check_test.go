package audio

import (
	"strings"
	"testing"

	clips "rdiostress/testdata/audio"
)

func TestCheck(t *testing.T) {
	for _, name := range []string{"police-5s.mp3", "public-works-6s.m4a", "police-reply-3s.wav"} {
		file, err := clips.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(strings.ToUpper(name), file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, wrong := range map[string][]byte{
			"nothing": nil, "text": []byte(strings.Repeat("this is not a recording ", 20)),
			"its end": file[len(file)/2+1:], "zeros": make([]byte, len(file)),
		} {
			if Check(name, wrong) == nil {
				t.Errorf("%s is taken for sound where it is %s", name, what)
			}
		}
		if !strings.HasSuffix(name, ".mp3") && Check(name, file[:len(file)/2]) == nil { // half an MP3 file is one too
			t.Errorf("half of %s is taken for sound", name)
		}
	}
	if err := Check("call.ogg", []byte("whatever")); err != nil {
		t.Errorf("what cannot be known is refused: %v", err)
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range []string{"police-5s.mp3", "public-works-6s.m4a", "police-reply-3s.wav"} {
		file, err := clips.FS.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, file)
	}
	f.Fuzz(func(t *testing.T, name string, file []byte) {
		before := string(file)
		_ = Check(name, file)
		if string(file) != before {
			t.Error("the file was changed")
		}
	})
}
