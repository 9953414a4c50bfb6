package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/clock"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/plain"
	"rdiostress/internal/share"
	"rdiostress/internal/stdio"
	"rdiostress/internal/stt"
	"rdiostress/internal/units"
)

// sttOptions are the flags of `rdiostress stt`.
type sttOptions struct {
	ios *streams

	listen       string
	key, keyFile string
	delay        durationValue
	behave       stt.Options
	quiet        bool

	address *net.TCPAddr
}

func newSTTCmd(ios *streams, runF func(context.Context, *sttOptions) error) *cobra.Command {
	o := &sttOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "stt",
		Short: "Stand in for a speech recognition server, to load a transcription queue",
		Long: `Stt answers requests as OpenAI's POST /v1/audio/transcriptions does, and as whisper.cpp, faster-whisper
and speaches do, but recognises no speech. It checks each request, takes its time as a model does, and answers with a
text that depends on the audio alone: the beginning of its SHA-256, and how long it plays. With it, the transcription
queue of a server can be loaded without a model:

  rdiostress stt --listen 127.0.0.1:9100 --delay 2s --fail 1%
  rdiostress serve --transcribe http://127.0.0.1:9100

  POST /v1/audio/transcriptions   the text, as json, verbose_json, text, srt or vtt
  GET /v1/models                  one model; requests may name any
  GET /health                     200

On SIGINT or SIGTERM, it prints a summary and exits with code 0.`,
		Example: `  rdiostress stt
  rdiostress stt --workers 1 --factor 0.3 --queue 10
  rdiostress stt --delay 2s --fail 1% --limited 5%`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd.Context()); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	keyHelp, fileHelp := keyFlagHelp("that requests must carry")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9100", "address to listen on; port 0 picks a free one")
	f.StringVar(&o.key, "api-key", "", keyHelp)
	f.StringVar(&o.keyFile, "api-key-file", "", fileHelp)
	f.Var(&o.delay, "delay", "time that each transcript takes")
	f.Float64Var(&o.behave.Factor, "factor", 0, "add this many times the duration of the recording")
	f.IntVar(&o.behave.Workers, "workers", 4, "requests to work on at once")
	f.IntVar(&o.behave.Queue, "queue", 1000, "requests that may wait for a worker; more are answered with 503")
	f.Var(textVar(&o.behave.Fail, share.Parse, "share"), "fail",
		"answer this share of the requests with 500, after the delay")
	f.Var(textVar(&o.behave.Limit, share.Parse, "share"), "limited",
		"answer this share of the requests with 429, at once")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	flaghelp.Describe(cmd, sttGroups())
	return cmd
}

// complete checks the flags.
func (o *sttOptions) complete(ctx context.Context) (err error) {
	if o.behave.Key, err = resolveKey(o.key, o.keyFile); err != nil {
		return err
	}
	var errs []error
	if o.address, err = resolveListen(ctx, o.listen); err != nil {
		errs = append(errs, err)
	}
	if o.delay < 0 {
		errs = append(errs, errors.New("--delay must not be negative"))
	}
	if o.behave.Workers < 1 {
		errs = append(errs, errors.New("--workers must be at least 1"))
	}
	if o.behave.Queue < 0 {
		errs = append(errs, errors.New("--queue must not be negative"))
	}
	const most = 1000
	if !(o.behave.Factor >= 0 && o.behave.Factor <= most) { // not a number is in no range
		errs = append(errs, fmt.Errorf("--factor must be from 0 to %d", most))
	}
	o.behave.Delay = time.Duration(o.delay)
	if err := errors.Join(errs...); err != nil {
		return usageErrorf("", "%w", err)
	}
	return nil
}

// sttPatience is how long requests under way may take at the end.
const sttPatience = 5 * time.Second

// runSTT answers until a signal comes or ctx ends.
func runSTT(ctx context.Context, o *sttOptions) error {
	ctx, stop := untilSignal(ctx, o.ios, onSignal{})
	defer stop()
	s := stt.New(o.behave)
	if err := s.Listen(ctx, o.address.String()); err != nil {
		return listenError("--listen ", o.listen, err)
	}
	_, err := fmt.Fprintf(o.ios.Out, "%s%s\n", listening, listenURL(s.Addr()))
	if err == nil || stdio.ReaderGone(err) {
		err = nil
		done := o.showRequests(s)
		<-ctx.Done()
		done()
	}
	if cerr := s.Close(sttPatience); cerr != nil {
		err = errors.Join(err, fmt.Errorf("closing the endpoint: %w", cerr))
	}
	if err != nil {
		return err
	}
	return summariseSTT(o.ios.Out, s.Stats())
}

// showRequests prints a line every few seconds in which requests have come, until the returned function is called.
func (o *sttOptions) showRequests(s *stt.Server) (done func()) {
	if o.quiet {
		return func() {}
	}
	before, at := s.Stats(), time.Now()
	return clock.Every(terminal.LineEvery, func(last bool) {
		now := s.Stats()
		if last || now.Requests == before.Requests {
			return
		}
		perS := float64(now.Requests-before.Requests) / time.Since(at).Seconds()
		o.ios.say("%s requests, %s, %d under way, %s answered", units.Count(now.Requests), units.PerSecond(perS),
			now.Underway, units.Count(now.Done))
		before, at = now, time.Now()
	})
}

// summariseSTT says in a line what was asked for and how it ended.
func summariseSTT(w io.Writer, s stt.Stats) error {
	text := units.Plural(s.Requests, "request")
	if took := s.Took.Seconds(); s.Requests > 1 && took > 0 {
		text += fmt.Sprintf(" in %s (%s)", units.Duration(took), units.PerSecond(float64(s.Requests)/took))
	}
	parts := []string{text + ": " + units.Count(s.Done) + " answered"}
	for _, p := range []struct {
		n    uint64
		what string
	}{
		{s.Failed, "failed with 500"},
		{s.Limited, "limited with 429"},
		{s.Full, "refused with 503, since the queue was full"},
		{s.Wrong, "bad"},
		{s.Left, "given up by their clients"},
	} {
		if p.n > 0 {
			parts = append(parts, units.Count(p.n)+" "+p.what)
		}
	}
	text = strings.Join(parts, ", ")
	if s.Busiest > 0 {
		text += fmt.Sprintf("; at most %d at once, first after %s", s.Busiest, units.Duration(s.BusiestAt.Seconds()))
	}
	if s.LastWrong != "" {
		text += "\nthe last bad request: " + plain.Line(s.LastWrong, -1)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
