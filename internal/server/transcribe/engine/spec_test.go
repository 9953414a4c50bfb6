package engine_test

import (
	"strings"
	"testing"

	"rdiostress/internal/server/transcribe/engine"
)

func TestParse(t *testing.T) {
	for _, text := range []string{
		"exec:true", "exec:whisper-cli -m 'my model.bin' -f {file}", `exec:C:\whisper\main.exe -f {file}`,
		"http:http://127.0.0.1:8080/inference", "http://127.0.0.1:8000",
		"https://api.openai.com/v1,model=gpt-4o-transcribe",
		"http:https://host/v1/audio/transcriptions,model=a/b,language=en,format=json,key-env=STT_KEY",
		"simulate:0", "simulate:0.25,fail=1%", " simulate:1000 ",
	} {
		s, err := engine.Parse(text)
		if err != nil || !s.Enabled() || s.String() != strings.TrimSpace(text) {
			t.Errorf("%q is parsed as %q: %v", text, s, err)
		}
	}
	for _, text := range []string{"", "off", " off "} {
		s, err := engine.Parse(text)
		if err != nil || s.Enabled() || s.String() != "off" {
			t.Errorf("%q is parsed as %q: %v", text, s, err)
		}
		if e, err := s.New(engine.Options{}); e != nil || err != nil {
			t.Errorf("%q makes %v, %v", text, e, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"whisper":                          "is none of off, exec:COMMAND",
		"offline":                          "is none of off",
		"ftp://host":                       "is none of off",
		"exec:":                            "no command is given",
		"exec: '' x":                       "no command is given",
		"exec:sh -c 'x":                    "a quote (') is not closed",
		"exec:{file}":                      "stands for an argument",
		"exec:a\x00b":                      "zero byte",
		"http:":                            "give a URL",
		"http:host":                        "give a URL",
		"http:ftp://host":                  "give a URL",
		"http://":                          "give a URL",
		"http://user:hunter2@host":         "name a key's place",
		"http://host/a#b":                  "has a # in it",
		"http://host,colour=red":           `there is no option "colour"; the options are model, language, format`,
		"http://host,model=":               "model has no value",
		"http://host,model=a,model=b":      "model is given twice",
		"http://host,format=srt":           "it must be verbose_json or json",
		"http://host,key-env=A,key-file=b": "exclude each other",
		"http://h%zz:hunter2@ost":          "the URL is malformed",
		"simulate:":                        "is not a factor",
		"simulate:-1":                      "is not a factor",
		"simulate:NaN":                     "is not a factor",
		"simulate:1001":                    "is not a factor",
		"simulate:1,fail=2":                "fail: \"2\" is not a share",
		"simulate:1,,":                     `there is no option ""`,
	} {
		_, err := engine.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Whatever is given, it is refused in one line, or asks for the same engine when it is written and parsed again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"off", "exec:a 'b c' \"\" {file}", "http://h/v1,model=a,key-env=B", "https://[::1]", "simulate:0.5,fail=1%",
		"exec:'",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := engine.Parse(text)
		if err != nil {
			return
		}
		again, err := engine.Parse(s.String())
		if err != nil || again.String() != s.String() || again.Enabled() != s.Enabled() {
			t.Errorf("%q is written %q, and that is parsed as %q: %v", text, s, again, err)
		}
	})
}
