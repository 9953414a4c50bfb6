package rdio_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
)

// callOf decodes a form of a valid call with the given fields changed; a field set to "-absent-" is left out.
func callOf(t *testing.T, changed map[string]string) (rdio.Call, []string, error) {
	t.Helper()
	values := map[string]string{
		"system": "11", "talkgroup": "1001", "dateTime": "1764000000", "audio": strings.Repeat("x", rdio.MinAudioBytes),
	}
	for name, v := range changed {
		values[name] = v
	}
	var fields []field
	for name, v := range values {
		f := field{name: name, value: v}
		if name == "audio" {
			f.file = "a.mp3"
		}
		if v != "-absent-" {
			fields = append(fields, f)
		}
	}
	form, err := readBody(strings.NewReader(formBody(fields...)))
	if err != nil {
		t.Fatal(err)
	}
	return form.Call(now)
}

func TestCallRequiredFields(t *testing.T) {
	const absent, noDate = "-absent-", "Invalid call data: dateTime is neither Unix seconds nor an RFC 3339 date"
	tests := []struct {
		changed map[string]string
		want    string // the error
	}{
		{map[string]string{"system": absent}, "Incomplete call data: no system"},
		{map[string]string{"system": " "}, "Incomplete call data: no system"},
		{map[string]string{"system": "0"}, "Incomplete call data: no system"},
		{map[string]string{"talkgroup": absent}, "Incomplete call data: no talkgroup"},
		{map[string]string{"audio": absent}, "Incomplete call data: no audio"},
		{map[string]string{"audio": strings.Repeat("x", 44)}, "Incomplete call data: no audio"},
		{map[string]string{"dateTime": absent}, "Incomplete call data: no timestamp"},
		{map[string]string{"dateTime": "0", "timestamp": "0"}, "Incomplete call data: no timestamp"},
		{map[string]string{"system": absent, "talkgroup": absent, "audio": absent}, "Incomplete call data: no system"},
		{map[string]string{"talkgroup": absent, "audio": absent}, "Incomplete call data: no talkgroup"},
		{map[string]string{"audio": absent, "dateTime": absent}, "Incomplete call data: no audio"},
		{map[string]string{"system": "eleven"}, "Invalid call data: system is not a number"},
		{map[string]string{"system": "-1"}, "Invalid call data: system is out of range (1 to 9999999999)"},
		{
			map[string]string{"talkgroup": "10000000000"},
			"Invalid call data: talkgroup is out of range (1 to 9999999999)",
		},
		{
			map[string]string{"talkgroup": "99999999999999999999"},
			"Invalid call data: talkgroup is out of range (1 to 9999999999)",
		},
		{map[string]string{"talkgroup": "10.5"}, "Invalid call data: talkgroup is not a number"},
		{map[string]string{"dateTime": "last Tuesday"}, noDate},
		{map[string]string{"dateTime": "Mon Nov 24 2025"}, noDate},
		{map[string]string{"dateTime": "1"}, "Invalid call data: dateTime is before the year 2000"},
		{map[string]string{"dateTime": "-5"}, "Invalid call data: dateTime is before the year 2000"},
		{map[string]string{"dateTime": "99999999999999999999"}, "Invalid call data: dateTime is in the future"},
		{map[string]string{"dateTime": "1764000000000"}, "Invalid call data: dateTime is in the future"},
		{map[string]string{"dateTime": "2026-11-26T00:00:00Z"}, "Invalid call data: dateTime is in the future"},
		{
			map[string]string{"timestamp": "noon"},
			"Invalid call data: timestamp is not a number of milliseconds since 1970",
		},
		{map[string]string{"timestamp": "1764000000"}, "Invalid call data: timestamp is before the year 2000"},
		{map[string]string{"timestamp": "99999999999999999999"}, "Invalid call data: timestamp is in the future"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.changed), func(t *testing.T) {
			call, _, err := callOf(t, tt.changed)
			if err == nil || err.Error() != tt.want || call.System != 0 {
				t.Fatalf("got %+v, %v; want %q", call, err, tt.want)
			}
			var missing *rdio.MissingError
			var field *rdio.FieldError
			if errors.As(err, &missing) == errors.As(err, &field) {
				t.Errorf("%T is neither or both of the errors it can be", err)
			}
		})
	}
}

func TestCallTime(t *testing.T) {
	noon := time.Date(2025, 11, 24, 16, 0, 0, 0, time.UTC)
	tests := []struct {
		dateTime, timestamp string
		want                time.Time
	}{
		{"1764000000", "", noon},
		{" 1764000000\r\n", "", noon},
		{"2025-11-24T16:00:00Z", "", noon},
		{"2025-11-24T17:00:00+01:00", "", noon},
		{"2025-11-24T16:00:00.123456Z", "", noon.Add(123 * time.Millisecond)},
		{"1", "1764000000500", noon.Add(500 * time.Millisecond)},
		{"1764000000", "0", noon},
		{"2026-11-24T23:59:59Z", "", now.Add(24*time.Hour - time.Second)},
	}
	for _, tt := range tests {
		call, _, err := callOf(t, map[string]string{"dateTime": tt.dateTime, "timestamp": tt.timestamp})
		if err != nil || !call.Time.Equal(tt.want) || call.Time.Location() != time.UTC {
			t.Errorf(
				"dateTime %q, timestamp %q: got %v, %v; want %v", tt.dateTime, tt.timestamp, call.Time, err, tt.want,
			)
		}
	}
}

// optionalCase is an optional field's value, and what becomes of it.
type optionalCase struct {
	name, value string
	want        rdio.Call
	dropped     bool
}

func optionalCases() []optionalCase {
	u := func(ids ...int64) (units []rdio.Unit) {
		for _, id := range ids {
			units = append(units, rdio.Unit{ID: id})
		}
		return units
	}
	return []optionalCase{
		{"frequency", "851012500.0", rdio.Call{Frequency: 851012500}, false},
		{"frequency", "0", rdio.Call{}, false},
		{"frequency", "high", rdio.Call{}, true},
		{"frequency", "-5", rdio.Call{}, true},
		{"frequency", "NaN", rdio.Call{}, true},
		{"frequency", "1e300", rdio.Call{}, true},
		{"source", "-1", rdio.Call{}, false},
		{"unit", "17", rdio.Call{Source: 17}, false},
		{"site", "3", rdio.Call{Site: 3}, false},
		{"site", "-3", rdio.Call{}, true},
		{"patches", "[1,2]", rdio.Call{Patches: []int64{1, 2}}, false},
		{"patches", "1,2", rdio.Call{Patches: []int64{1, 2}}, false},
		{"patched_talkgroups", `["1", null, 2]`, rdio.Call{Patches: []int64{1, 2}}, false},
		{"patches", "[]", rdio.Call{}, false},
		{"patches", "-", rdio.Call{}, false},
		{"patches", "-1,5", rdio.Call{Patches: []int64{5}}, true},
		{"frequencies", "-1", rdio.Call{}, true},
		{
			"frequencies",
			`[{"freq":5,"errorCount":-3}]`,
			rdio.Call{Frequency: 5, Frequencies: []rdio.Frequency{{Hz: 5}}},
			true,
		},
		{"sources", "-1", rdio.Call{}, false},
		{"patches", `[{"id":1}]`, rdio.Call{}, true},
		{"patches", `[1,`, rdio.Call{}, true},
		{"sources", "[1,2]", rdio.Call{Source: 1, Units: u(1, 2)}, false},
		{"sources", "1,2", rdio.Call{Source: 1, Units: u(1, 2)}, false},
		{
			"sources", `[{"src":-1,"pos":0},{"src":"7","pos":"1.5","tag":"Engine 7"}]`,
			rdio.Call{Source: 7, Units: []rdio.Unit{{ID: 7, OffsetS: 1.5, Label: "Engine 7"}}},
			false,
		},
		{
			"units",
			`[{"id":7,"offset":-2,"label":"E7"}]`,
			rdio.Call{Source: 7, Units: []rdio.Unit{{ID: 7, Label: "E7"}}},
			false,
		},
		{"units", `[{"id":true}]`, rdio.Call{}, true},
		{"units", `{"id":1}x`, rdio.Call{}, true},
		{"patches", "1,99999999999", rdio.Call{Patches: []int64{1}}, true},
		{"frequencies", "-5", rdio.Call{}, true},
		{"units", `[{"id":-4}]`, rdio.Call{}, true},
		{"talkerAlias", "Caf\xe9", rdio.Call{}, true},
		{"talkgroupLabel", "a\x00b", rdio.Call{}, true},
		{"unheardOf", "a\x00b", rdio.Call{}, false},
		{
			"frequencies",
			`[851012500]`,
			rdio.Call{Frequency: 851012500, Frequencies: []rdio.Frequency{{Hz: 851012500}}},
			false,
		},
		{
			"frequencies", `[{"freq":5,"pos":1,"len":2,"errorCount":3,"spikeCount":4,"dbm":-90.5},{"freq":0}]`,
			rdio.Call{
				Frequency:   5,
				Frequencies: []rdio.Frequency{{Hz: 5, OffsetS: 1, LengthS: 2, Errors: 3, Spikes: 4, DBm: -90.5}},
			},
			false,
		},
		{"frequencies", `851.0125 MHz`, rdio.Call{}, true},
		{"systemLabel", "County", rdio.Call{SystemLabel: "County"}, false},
		{"talkgroupLabel", "-", rdio.Call{}, false},
		{"talkgroupName", "Fire", rdio.Call{TalkgroupName: "Fire"}, false},
		{"talkgroupTag", "-", rdio.Call{}, false},
		{"talkgroupGroups", "Fire, EMS,Fire,-", rdio.Call{TalkgroupGroups: []string{"Fire", "EMS"}}, false},
		{"talkerAlias", "Engine 7", rdio.Call{TalkerAlias: "Engine 7"}, false},
		{"audioName", strings.Repeat("x", 256), rdio.Call{}, true},
	}
}

func TestCallOptionalFields(t *testing.T) {
	for _, tt := range optionalCases() {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			got, dropped, err := callOf(t, map[string]string{tt.name: tt.value})
			if err != nil || (len(dropped) == 1) != tt.dropped {
				t.Fatalf("error %v, dropped %q", err, dropped)
			}
			want := tt.want
			want.System, want.Talkgroup, want.Time = 11, 1001, time.Unix(1764000000, 0).UTC()
			if tt.name != "audioName" {
				want.AudioName = "a.mp3"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("call differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadReply(t *testing.T) {
	tests := []struct {
		status int
		body   string
		want   rdio.Answer
	}{
		{200, "Call imported successfully.\n", rdio.Imported},
		{200, `{"status":"ok","message":"Call imported successfully."}`, rdio.Imported},
		{200, "duplicate call rejected\n", rdio.Duplicate},
		{200, "<html>", rdio.Rejected},
		{200, "", rdio.Rejected},
		{201, "Call imported successfully.\n", rdio.Status},
		{201, `{"call_id":7,"system_id":1,"tgid":1001,"start_time":"2026-11-24T12:00:00Z"}`, rdio.Imported},
		{202, `{"call_id":7}`, rdio.Status},
		{409, `{"code":"duplicate","error":"duplicate call: call_id=7 already exists"}`, rdio.Duplicate},
		{409, "Duplicate call\n", rdio.Duplicate},
		{409, "the edit was made by somebody else", rdio.Status},
		{401, "Invalid API key", rdio.Unauthorised},
		{403, "", rdio.Unauthorised},
		{417, "Incomplete call data: no audio", rdio.Incomplete},
		{503, "Server busy", rdio.Status},
	}
	for _, tt := range tests {
		if got := rdio.ReadReply(tt.status, []byte(tt.body)); got != tt.want {
			t.Errorf("%d %q: got %d, want %d", tt.status, tt.body, got, tt.want)
		}
	}
}

// What contradicts itself is left out, and the call is taken all the same.
func TestContradictionsAreDropped(t *testing.T) {
	body := formBody(
		field{name: "key", value: "k"},
		field{name: "system", value: "11"},
		field{name: "talkgroup", value: "1001"},
		field{
			name:  "dateTime",
			value: "1764000000",
		},
		field{name: "unit", value: "5"},
		field{name: "source", value: "6"},
		field{name: "source", value: "7"},
		field{name: "audio", file: "a.mp3", value: strings.Repeat("x", 50)},
	)
	f, err := readBody(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c, dropped, err := f.Call(time.Unix(1764000000, 0))
	if err != nil || c.Source != 0 || !slices.Equal(dropped, []string{"source"}) {
		t.Errorf("source %d, dropped %q, error %v", c.Source, dropped, err)
	}
}
