package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/capacity"
	"rdiostress/internal/exporter"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// localAddress completes the address of a flag to listen on: without a host, only this machine is listened on.
func localAddress(flag, value string) (string, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		host, port = "", value
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", problemf("{"+flag+"} must be a port, or an address and a port, such as 127.0.0.1:9100, not %q",
			value)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// localListenError says why an address of localAddress cannot be listened on.
func localListenError(flag, value string, err error) error {
	if notFound := (*net.DNSError)(nil); errors.As(err, &notFound) {
		host, _, _ := net.SplitHostPort(value)
		return usageErrorf("", "--%s %s: cannot find the host %q", flag, value, host)
	}
	return listenError("--"+flag+" ", value, err)
}

// completePrometheus completes the address that metrics are served on.
func (o *runOptions) completePrometheus(flags *pflag.FlagSet) (err error) {
	if o.prometheus == "" && !flags.Changed("prometheus") {
		return nil
	}
	o.prometheus, err = localAddress("prometheus", o.prometheus)
	return err
}

// metricsServer shows a command's work to Prometheus while it goes on. A nil metricsServer shows nothing.
type metricsServer struct {
	*exporter.Exporter
	server *exporter.Server
	ios    *streams
	quiet  bool
}

// startMetrics serves metrics if the flags ask for that. The caller closes the result.
func (o *runOptions) startMetrics(ctx context.Context) (*metricsServer, error) {
	if o.prometheus == "" {
		return nil, nil
	}
	m := &metricsServer{Exporter: exporter.New(version), ios: o.ios, quiet: o.quiet}
	var err error
	if m.server, err = exporter.Listen(ctx, o.prometheus, m.Exporter); err != nil {
		return nil, localListenError("prometheus", o.prometheus, err)
	}
	// A port that the system has chosen cannot be known otherwise.
	if _, port, _ := net.SplitHostPort(o.prometheus); !o.quiet || port == "0" {
		fmt.Fprintf(o.ios.Err, "rdiostress: metrics for Prometheus are at %s\n",
			listenURL(m.server.Addr())+exporter.Path)
	}
	return m, nil
}

// besides returns an observer that passes a trial's events to another one too.
func (m *metricsServer) besides(other trial.Observer) trial.Observer {
	if m == nil {
		return other
	}
	return trial.ObserverFunc(func(e event.Event) {
		m.Observe(e)
		other.Observe(e)
	})
}

// besidesSearch is besides for a search.
func (m *metricsServer) besidesSearch(other capacity.Observer) capacity.Observer {
	if m == nil {
		return other
	}
	search := m.Search()
	return capacity.ObserverFunc(func(e capacity.Event) {
		search.Observe(e)
		other.Observe(e)
	})
}

// end shows the end and the command's exit code, and waits until those who scrape the metrics have seen them. An
// interrupt ends the wait.
func (m *metricsServer) end(ctx context.Context, err error) {
	if m == nil {
		return
	}
	wait := m.server.End(exitCode(err))
	if wait <= 0 || ctx.Err() != nil {
		return
	}
	if !m.quiet {
		fmt.Fprintf(m.ios.Err, "rdiostress: waiting up to %s for Prometheus to read the final figures; Ctrl-C leaves\n",
			units.Duration(wait.Round(time.Second).Seconds()))
	}
	m.server.AwaitScrape(ctx)
}

// close stops serving.
func (m *metricsServer) close() {
	if m != nil {
		m.server.Close()
	}
}
