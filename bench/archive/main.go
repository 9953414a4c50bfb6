// Archive makes an archive of recordings to measure a replay with: half of them as trunk-recorder keeps them, half as
// SDRTrunk does, a second apart and of 200 talkgroups.
//
//	go run ./bench/archive DIR 100000
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"time"

	clips "rdiostress/testdata/audio"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: archive DIR RECORDINGS")
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if err := write(os.Args[1], n); err != nil {
		log.Fatal(err)
	}
}

// maxLinks is less than the number of names that a file can have on most file systems.
const maxLinks = 30_000

func write(dir string, n int) error {
	began := time.Date(2026, 3, 1, 17, 0, 0, 0, time.Local)
	a := audio{files: make(map[string]string), links: make(map[string]int)}
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second)
		folder := filepath.Join(dir, at.Format("2006/1/2"))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		talkgroup := 1000 + i%200
		if i%2 == 0 {
			name := fmt.Sprintf("%s_Elm_North_T-Main__TO_%d_FROM_%d.mp3", at.Format("20060102_150405"), talkgroup,
				4424000+i%50)
			if err := a.link("police-5s.mp3", filepath.Join(folder, name)); err != nil {
				return err
			}
			continue
		}
		stem := filepath.Join(folder, fmt.Sprintf("%d-%d_851012500.0-call_%d", talkgroup, at.Unix(), i))
		side := fmt.Sprintf(`{"freq": 851012500, "start_time": %d, "stop_time": %d, "emergency": 0, "encrypted": 0, `+
			`"call_length": 6, "talkgroup": %d, "talkgroup_tag": "Elm FD", "audio_type": "digital", `+
			`"short_name": "elmco", "srcList": [{"src": %d, "time": %d, "pos": 0.0, "tag": ""}]}`,
			at.Unix(), at.Unix()+6, talkgroup, 4424000+i%50, at.Unix())
		if err := os.WriteFile(stem+".json", []byte(side), 0o600); err != nil {
			return err
		}
		if err := a.link("public-works-6s.m4a", stem+".m4a"); err != nil {
			return err
		}
	}
	return nil
}

// audio gives files of audio further names, which take no room.
type audio struct {
	files map[string]string
	links map[string]int
}

func (a *audio) link(clip, name string) error {
	if a.links[clip]++; a.links[clip]%maxLinks == 1 {
		file, err := clips.FS.ReadFile(clip)
		if err != nil {
			return err
		}
		a.files[clip] = name
		return os.WriteFile(name, file, 0o600)
	}
	return os.Link(a.files[clip], name)
}
