package rdio_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
)

// sidecarOf is what trunk-recorder writes beside a recording, as far as its source says.
const sidecarOf = `{
  "freq": 851012500, "freq_error": 12, "signal": -42, "noise": -100, "source_num": 0, "recorder_num": 3, "tdma_slot": 0,
  "phase2_tdma": 0, "start_time": 1764000000, "stop_time": 1764000006, "emergency": 0, "priority": 4,
  "mode": 0, "duplex": 0,
  "encrypted": 0, "call_length": 6, "talkgroup": 1001, "talkgroup_tag": "FD Dispatch",
  "talkgroup_description": "Fire Department Dispatch", "talkgroup_group_tag": "Fire Dispatch",
  "talkgroup_group": "Fire",
  "audio_type": "digital", "short_name": "countyp25", "patched_talkgroups": [1001, 1002],
  "freqList": [{"freq": 851012500, "time": 1764000000, "pos": 0.00, "len": 5.98, "error_count": "7",
  "spike_count": "2"}],
  "srcList": [{"src": 4424000, "time": 1764000000, "pos": 0.00, "emergency": 0, "signal_system": "", "tag": "Engine 5"},
              {"src": -1, "time": 1764000002, "pos": 2.50, "emergency": 0, "signal_system": "", "tag": ""}]
}`

// metaForm is the form of an upload with a sidecar.
func metaForm(t *testing.T, meta string, more ...field) *rdio.Form {
	t.Helper()
	fields := append([]field{
		{name: "audio", value: strings.Repeat("x", rdio.MinAudioBytes), file: "1001-1764000000_851012500.m4a"},
		{name: "key", value: "k"},
		{name: "system", value: "11"},
		{name: "meta", value: meta, file: "call.json"},
	}, more...)
	form, err := readBody(strings.NewReader(formBody(fields...)))
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestReadMeta(t *testing.T) {
	whole := rdio.Call{
		System: 11, Talkgroup: 1001, Time: time.Unix(1764000000, 0).UTC(), AudioName: "1001-1764000000_851012500.m4a",
		Frequency: 851012500, Source: 4424000, Units: []rdio.Unit{{ID: 4424000, Label: "Engine 5"}},
		Frequencies: []rdio.Frequency{
			{Hz: 851012500, LengthS: 5.98, Errors: 7, Spikes: 2},
		}, Patches: []int64{1001, 1002},
		SystemLabel: "countyp25", TalkgroupLabel: "FD Dispatch", TalkgroupName: "Fire Department Dispatch",
		TalkgroupTag: "Fire Dispatch", TalkgroupGroups: []string{"Fire"},
	}
	bare := rdio.Call{System: 11, Talkgroup: 7, Time: time.UnixMilli(1764000000123).UTC(), AudioName: whole.AudioName}
	tests := []struct {
		name, meta string
		more       []field
		want       rdio.Call
	}{
		{"whole", sidecarOf, nil, whole},
		{"milliseconds", `{"talkgroup":7,"start_time":1764000000,"start_time_ms":1764000000123}`, nil, bare},
		{
			"rdio-scanner's own time",
			`{"talkgroup":"7","start_time":1,"timestamp":1764000000123,"srcList":null}`,
			nil,
			bare,
		},
		{"a field of the form wins", `{"talkgroup":8,"start_time":5}`, []field{
			{name: "talkgroup", value: "7"}, {name: "timestamp", value: "1764000000123"},
		}, bare},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := metaForm(t, tt.meta, tt.more...)
			if err := form.ReadMeta(); err != nil {
				t.Fatal(err)
			}
			got, dropped, err := form.Call(now)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil || len(dropped) > 0 {
				t.Errorf("error %v, dropped %q, call (-want +got):\n%s", err, dropped, diff)
			}
		})
	}
}

func TestReadMetaRefuses(t *testing.T) {
	malformed := "malformed form: meta is not the JSON that trunk-recorder writes"
	tests := []struct{ meta, want string }{
		{"", "Incomplete call data: no meta"},
		{" \n", "Incomplete call data: no meta"},
		{"{", malformed},
		{"[]", malformed},
		{"null", malformed},
		{`{"talkgroup":{}}`, malformed},
		{`{"talkgroup":"fire"}`, malformed},
		{"{\"talkgroup\":1}\x00", malformed},
		{"\xff{}", malformed},
	}
	for _, tt := range tests {
		if err := metaForm(t, tt.meta).ReadMeta(); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.meta, err, tt.want)
		}
	}
	form := metaForm(
		t,
		`{"talkgroup":7,"start_time":1764000000,"short_name":"a\u0000b","srcList":[{"src":1,"tag":"x\u0000y"}]}`,
	)
	if err := form.ReadMeta(); err != nil {
		t.Fatal(err)
	}
	call, dropped, err := form.Call(now)
	if err != nil || call.SystemLabel != "" || !cmp.Equal(dropped, []string{"systemLabel"}) ||
		call.Units[0].Label != "xy" {
		t.Errorf("NULs: got %+v, dropped %q, %v", call, dropped, err)
	}
}

func FuzzReadMeta(f *testing.F) {
	f.Add(sidecarOf)
	f.Add(`{"talkgroup":"7","timestamp":1e300,"srcList":[1,null,{"src":"x"}],"freqList":{},"patched_talkgroups":"1,2"}`)
	f.Fuzz(func(t *testing.T, meta string) {
		form := metaForm(t, strings.ReplaceAll(meta, boundary, ""))
		if err := form.ReadMeta(); err != nil {
			if !errors.Is(err, rdio.ErrMalformed) && !errors.As(err, new(*rdio.MissingError)) {
				t.Fatal(err)
			}
			return
		}
		call, _, err := form.Call(now)
		if err == nil {
			checkCall(t, call)
		}
		if strings.ContainsRune(call.SystemLabel+call.TalkgroupLabel+call.TalkgroupName+call.TalkgroupTag, 0) {
			t.Errorf("a NUL in %+v", call)
		}
	})
}

// What comes before a part's content is bounded, though the standard library would take ten megabytes of it.
func TestPartHeaderIsBounded(t *testing.T) {
	long := strings.Repeat("x", rdio.MaxPartHeader)
	for _, body := range []string{
		"--" + boundary + "\r\nX-Bomb: " + long + "\r\n" + strings.TrimPrefix(formBody(field{name: "key", value: "k"}),
			"--"+boundary+"\r\n"),
		strings.Repeat("preamble\r\n", rdio.MaxPartHeader/8) + formBody(field{name: "key", value: "k"}),
	} {
		_, err := readBody(strings.NewReader(body))
		if !errors.Is(err, rdio.ErrTooLarge) || err.Error() != "form too large: a part's header" {
			t.Errorf("got %v", err)
		}
	}
}
