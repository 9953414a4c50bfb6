package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/clock"
	"rdiostress/internal/delivery/sink"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/stdio"
	"rdiostress/internal/units"
)

// sinkOptions are the flags of `rdiostress sink`.
type sinkOptions struct {
	ios *streams

	listen       string
	key, keyFile string
	keep         int
	quiet        bool

	address *net.TCPAddr
}

func newSinkCmd(ios *streams, runF func(context.Context, *sinkOptions) error) *cobra.Command {
	o := &sinkOptions{ios: ios}
	cmd := &cobra.Command{
		Use:   "sink",
		Short: "Receive the calls that a server forwards, to verify delivery",
		Long: `Sink receives the calls that rdio-scanner forwards to a downstream. It answers at once and keeps the
data of each call and a hash of its audio. In the admin page of rdio-scanner, add a downstream with the address of the
sink and any API key; see docs/storage.md.

A run on the same machine does not need this command: run --verify sink=127.0.0.1:9000 starts a sink of its own, and
times each call. A run on any other machine verifies through this one:

  GET /api/calls   the calls received, listed as serve does: run --verify api=http://HOST:9000

On SIGINT or SIGTERM, it prints a summary and exits with code 0.`,
		Example: `  rdiostress sink
  rdiostress sink --listen 0.0.0.0:9000 --api-key-file key.txt`,
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
	keyHelp, fileHelp := keyFlagHelp("that calls must carry")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9000", "address to listen on; port 0 picks a free one")
	f.StringVar(&o.key, "api-key", "", keyHelp)
	f.StringVar(&o.keyFile, "api-key-file", "", fileHelp)
	f.IntVar(&o.keep, "keep", 250_000, "latest calls to list; 250000 take about 100 MB")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	flaghelp.Describe(cmd, sinkGroups())
	return cmd
}

// complete checks the flags.
func (o *sinkOptions) complete(ctx context.Context) (err error) {
	if o.key, err = resolveKey(o.key, o.keyFile); err != nil {
		return err
	}
	var errs []error
	if o.address, err = resolveListen(ctx, o.listen); err != nil {
		errs = append(errs, err)
	}
	if o.keep < 1 {
		errs = append(errs, errors.New("--keep must be at least 1"))
	}
	if err := errors.Join(errs...); err != nil {
		return usageErrorf("", "%w", err)
	}
	return nil
}

// runSink receives until a signal comes or ctx ends.
func runSink(ctx context.Context, o *sinkOptions) error {
	ctx, stop := untilSignal(ctx, o.ios, onSignal{})
	defer stop()
	got := sink.NewList(o.keep)
	s, err := sink.Listen(ctx, o.address.String(), sink.Options{
		Key: o.key, Received: got.Add, List: http.Handler(got),
	})
	if err != nil {
		return listenError("--listen ", o.listen, err)
	}
	_, err = fmt.Fprintf(o.ios.Out, "%s%s\n", listening, listenURL(s.Address()))
	if err == nil || stdio.ReaderGone(err) {
		err = nil
		done := o.showReceived(got)
		<-ctx.Done()
		done()
	}
	if cerr := s.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("closing the sink: %w", cerr))
	}
	if err != nil {
		return err
	}
	return summarise(o.ios.Out, got.Stats())
}

// showReceived prints a line every few seconds in which calls have come, until the returned function is called.
func (o *sinkOptions) showReceived(got *sink.List) (done func()) {
	if o.quiet {
		return func() {}
	}
	before, at := got.Stats(), time.Now()
	return clock.Every(terminal.LineEvery, func(last bool) {
		now := got.Stats()
		if last || now.Calls == before.Calls {
			return
		}
		perS := float64(now.Calls-before.Calls) / time.Since(at).Seconds()
		fmt.Fprintf(o.ios.Err, "%d calls received, %s, %d of them again; last %s\n", now.Calls, units.PerSecond(perS),
			now.Repeated, plainName(now.Name))
		before, at = now, time.Now()
	})
}

// plainName is a file name that came from outside, fit for a terminal.
func plainName(name string) string { return fmt.Sprintf("%.60q", name) }

// summarise says in a few lines what was received.
func summarise(w io.Writer, s sink.Stats) error {
	text := fmt.Sprintf("%s calls received, %s of audio", units.Count(uint64(s.Calls)), units.Bytes(float64(s.Bytes)))
	if took := s.Last.Sub(s.First).Seconds(); s.Calls > 1 && took > 0 {
		text += fmt.Sprintf(", in %s (%s)", units.Duration(took), units.PerSecond(float64(s.Calls-1)/took))
	}
	if s.Repeated > 0 {
		text += fmt.Sprintf("; %s of them came again", units.Count(uint64(s.Repeated)))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
