package engine

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/share"
)

// off asks for no engine.
const off = "off"

// maxFactor limits how slow the simulator can be.
const maxFactor = 1000

// Spec is a text that asks for an engine, parsed. The zero value asks for none.
type Spec struct {
	text     string
	command  []string // of exec
	endpoint *endpoint
	simulate *simulation
}

// endpoint is what the text of an http engine says.
type endpoint struct {
	url                                       *url.URL
	model, language, format, keyFile, keyName string
}

// Parse parses a text that asks for an engine, as the package describes it. It looks at no file and no variable.
func Parse(text string) (Spec, error) {
	text = strings.TrimSpace(text)
	kind, rest, _ := strings.Cut(text, ":")
	s := Spec{text: text}
	var err error
	switch kind {
	case "", off:
		if text != "" && text != off {
			return Spec{}, unknownError(text)
		}
		return Spec{}, nil
	case "exec":
		s.command, err = parseCommand(rest)
	case "http":
		if strings.HasPrefix(rest, "//") { // the scheme is the kind
			rest = text
		}
		s.endpoint, err = parseEndpoint(rest)
	case "https":
		s.endpoint, err = parseEndpoint(text)
	case "simulate":
		s.simulate, err = parseSimulation(rest)
	default:
		return Spec{}, unknownError(text)
	}
	if err != nil {
		return Spec{}, err
	}
	return s, nil
}

func unknownError(text string) error {
	return fmt.Errorf("%q is none of off, exec:COMMAND, http:URL and simulate:FACTOR", text)
}

// Enabled reports whether the Spec asks for an engine.
func (s Spec) Enabled() bool { return s.text != "" }

// String returns the text, as Parse parses it.
func (s Spec) String() string {
	if !s.Enabled() {
		return off
	}
	return s.text
}

// Options are what engines need besides their texts. The zero value is ready.
type Options struct {
	// Timeout limits each Transcribe, in addition to its context; 0: it alone does.
	Timeout time.Duration

	// Dir is a folder of the engine's own for the files that a command gets. What earlier engines left there is
	// deleted. Empty: the folder for temporary files, in which nothing is deleted.
	Dir string

	// Environ is the environment, as os.Environ returns it; nil: that of this process. An API key is looked up there.
	// A command gets it without the variables that may hold secrets: those that begin with RDIOSTRESS_ or PG, those
	// whose names have a word such as KEY, TOKEN or PASSWORD, and those whose values are addresses with passwords.
	Environ []string
}

// New makes the engine that the Spec asks for, or returns nil if that is none. An error says what is wrong with the
// command, or with the place of the API key. An engine that is an [io.Closer] is to be closed when nobody uses it any
// more.
func (s Spec) New(o Options) (transcribe.Engine, error) {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	switch {
	case s.command != nil:
		return newExec(s.command, o)
	case s.endpoint != nil:
		return newHTTP(s.endpoint, o)
	case s.simulate != nil:
		return &simulator{simulation: *s.simulate, timeout: o.Timeout}, nil
	default:
		return nil, nil
	}
}

// parseEndpoint parses a URL with options.
func parseEndpoint(text string) (*endpoint, error) {
	address, rest, _ := strings.Cut(text, ",")
	options, err := parseOptions(rest, "model", "language", "format", "key-file", "key-env")
	if err != nil {
		return nil, err
	}
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	e := &endpoint{
		url: u, model: "whisper-1", language: options["language"], format: verbose,
		keyFile: options["key-file"], keyName: options["key-env"],
	}
	if model, ok := options["model"]; ok {
		e.model = model
	}
	if format, ok := options["format"]; ok {
		if format != verbose && format != brief {
			return nil, fmt.Errorf("format=%s: it must be %s or %s", format, verbose, brief)
		}
		e.format = format
	}
	if e.keyFile != "" && e.keyName != "" {
		return nil, errors.New("key-file and key-env exclude each other")
	}
	return e, nil
}

// parseURL parses the URL of an endpoint, and adds OpenAI's path to that of a server.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL is malformed") // its error would show the URL, which may have a password in it
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("give a URL, such as http:http://127.0.0.1:8000")
	case u.User != nil:
		return nil, errors.New("the URL has a user or a password in it; name a key's place by key-file or key-env")
	case u.Fragment != "":
		return nil, errors.New("the URL has a # in it")
	}
	switch strings.TrimSuffix(u.Path, "/") {
	case "":
		u.Path = "/v1/audio/transcriptions"
	case "/v1":
		u.Path = "/v1/audio/transcriptions"
	}
	return u, nil
}

// parseSimulation parses a factor with options.
func parseSimulation(text string) (*simulation, error) {
	number, rest, _ := strings.Cut(text, ",")
	options, err := parseOptions(rest, "fail")
	if err != nil {
		return nil, err
	}
	s := &simulation{}
	s.factor, err = strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(s.factor >= 0 && s.factor <= maxFactor) { // not a number is in no range
		return nil, fmt.Errorf("%q is not a factor from 0 to %d of the recording's duration", number, maxFactor)
	}
	if fail, ok := options["fail"]; ok {
		if s.fail, err = share.Parse(fail); err != nil {
			return nil, fmt.Errorf("fail: %w", err)
		}
	}
	return s, nil
}

// parseOptions parses "name=value,name=value".
func parseOptions(text string, known ...string) (map[string]string, error) {
	options := make(map[string]string)
	if text == "" {
		return options, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		_, twice := options[name]
		switch {
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("there is no option %q; the options are %s", name, strings.Join(known, ", "))
		case value == "":
			return nil, fmt.Errorf("%s has no value", name)
		case twice:
			return nil, fmt.Errorf("%s is given twice", name)
		}
		options[name] = value
	}
	return options, nil
}

// parseCommand splits a command into words.
func parseCommand(text string) (words []string, err error) {
	var word strings.Builder
	var quote rune // that is open; 0: none
	inWord := false
	for _, r := range text {
		switch {
		case r == 0:
			return nil, errors.New("the command has a zero byte in it")
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, inWord = r, true
		case quote == 0 && strings.ContainsRune(" \t\r\n", r):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote (%c) is not closed", quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	switch {
	case len(words) == 0 || words[0] == "":
		return nil, errors.New("no command is given")
	case strings.Contains(words[0], filePlaceholder):
		return nil, fmt.Errorf("%s stands for an argument, not for the command", filePlaceholder)
	}
	return words, nil
}
