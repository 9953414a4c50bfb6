package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"rdiostress/internal/address"
	"rdiostress/internal/capacity"
	"rdiostress/internal/exporter"
	"rdiostress/internal/flaghelp"
	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
	"rdiostress/internal/web"
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

// publishOptions say where the work of a command can be watched from outside while it goes on.
type publishOptions struct {
	prometheus string // address to serve metrics on; empty: none are served
	web        string // address to serve a page on; empty: none is served
	webToken   string
	webKeep    bool
}

func (o *publishOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.prometheus, "prometheus", "",
		"serve metrics for Prometheus on this address while running, such as :9100; a port alone is on 127.0.0.1")
	f.StringVar(&o.web, "web", "",
		"serve a page on this address that follows the run, such as :8080; a port alone is on 127.0.0.1")
	f.StringVar(&o.webToken, "web-token", "",
		"let only those see the page who open it with this token; other machines than this need one")
	f.BoolVar(&o.webKeep, "web-keep", false, "serve the final report on the page until Ctrl-C")
}

// publishGroup returns these flags for help.
func publishGroup() []flaghelp.Flag {
	hosts := list("127.0.0.1:", "0.0.0.0:")
	return []flaghelp.Flag{
		{Name: "prometheus", Value: "address", Values: hosts},
		{Name: "web", Value: "address", Values: hosts},
		{Name: "web-token", Value: "token"},
		{Name: "web-keep"},
	}
}

// tokenText is what a token looks like, so that it needs no quotes in an address and in a cookie.
var tokenText = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9._~-]{%d,200}$`, web.MinToken))

// complete completes the addresses, and says what is wrong with them.
func (o *publishOptions) complete(flags *pflag.FlagSet) error {
	var errs problems
	for _, at := range []struct {
		flag  string
		value *string
	}{{"prometheus", &o.prometheus}, {"web", &o.web}} { // the order of what is said
		if *at.value == "" && !flags.Changed(at.flag) {
			continue
		}
		completed, err := localAddress(at.flag, *at.value)
		*at.value, errs = completed, append(errs, err)
	}
	errs.check(o.webToken != "" && !tokenText.MatchString(o.webToken),
		"{web-token} must be %d or more letters and digits", web.MinToken) // it is not shown
	host, _, _ := net.SplitHostPort(o.web)
	errs.check(o.web != "" && o.webToken == "" && !address.IsLoopback(host),
		"{web} %s can be reached from other machines: set a {web-token}, or leave out the address", o.web)
	errs.check(o.webToken != "" && o.web == "" && !flags.Changed("web"), "{web-token} is for the page of {web}")
	errs.check(sameAddress(o.web, o.prometheus),
		"{web} %s and {prometheus} %s are the same address: give each its own port", o.web, o.prometheus)
	errs.check(o.webKeep && o.web == "" && !flags.Changed("web"), "{web-keep} is for the page of {web}")
	return errs.join()
}

// sameAddress reports whether only one of two addresses, of a host and a port each, can be listened on.
func sameAddress(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" { // 0 is any free one
		return false
	}
	unspecified := func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.IsUnspecified()
	}
	this := func(host string) bool { return host == "localhost" || host == "127.0.0.1" }
	return hostA == hostB || unspecified(hostA) || unspecified(hostB) || this(hostA) && this(hostB)
}

// publication shows a command's work to others while it goes on. What was not asked for is nil.
type publication struct {
	ios     *streams
	quiet   bool
	keep    bool
	waiting atomic.Bool // all is done, and only others are waited for
	metrics *exporter.Server
	figures *exporter.Exporter
	page    *web.Server
	report  *web.Document
}

// startPublishing serves what the flags ask for. The caller closes the result.
func (o *runOptions) startPublishing(ctx context.Context, objectives []report.Objective) (*publication, error) {
	p := &publication{ios: o.ios, quiet: o.quiet, keep: o.publish.webKeep}
	var err error
	if at := o.publish.prometheus; at != "" {
		p.figures = exporter.New(version)
		if p.metrics, err = exporter.Listen(ctx, at, p.figures); err != nil {
			return nil, localListenError("prometheus", at, err)
		}
		p.announce("metrics for Prometheus are", at, listenURL(p.metrics.Addr())+exporter.Path)
	}
	if at := o.publish.web; at != "" {
		p.report = web.NewDocument(web.Options{Version: version, Names: flagName, Objectives: objectives})
		if p.page, err = web.Listen(ctx, at, o.publish.webToken, p.report); err != nil {
			p.close()
			return nil, localListenError("web", at, err)
		}
		p.announce("the page is", at, listenURL(p.page.Addr())+"/")
	}
	return p, nil
}

// announce says where something is. A port that the system has chosen cannot be known otherwise.
func (p *publication) announce(what, asked, address string) {
	if _, port, _ := net.SplitHostPort(asked); !p.quiet || port == "0" {
		p.ios.say("%s at %s", what, address)
	}
}

// needsCumulative reports whether events must carry the figures of the whole run.
func (p *publication) needsCumulative() bool { return p.metrics != nil || p.page != nil }

// besides returns an observer that passes a trial's events on.
func (p *publication) besides(other trial.Observer) trial.Observer {
	return trial.ObserverFunc(func(e event.Event) {
		if p.figures != nil {
			p.figures.Observe(e)
		}
		if p.report != nil {
			p.report.Observe(e)
		}
		other.Observe(e)
	})
}

// besidesSearch is besides for a search.
func (p *publication) besidesSearch(other capacity.Observer) capacity.Observer {
	observers := []capacity.Observer{other}
	if p.figures != nil {
		observers = append(observers, p.figures.Search())
	}
	if p.report != nil {
		observers = append(observers, p.report.Search())
	}
	return capacity.ObserverFunc(func(e capacity.Event) {
		for _, o := range observers {
			o.Observe(e)
		}
	})
}

// end shows the end and the command's exit code, and waits until those who scrape the metrics have seen them; with
// --web-keep, until an interrupt, which ends every wait.
func (p *publication) end(ctx context.Context, err error, final web.Final) {
	p.waiting.Store(true)
	if p.page != nil {
		p.page.End(ctx, final)
	}
	p.wait(ctx, err, "the report")
}

// failed is end of what has no report. It returns the error with which the command ends.
func (p *publication) failed(ctx context.Context, err error) error {
	if p.page == nil && p.metrics == nil {
		return err
	}
	printError(p.ios, err) // before the wait
	p.waiting.Store(true)
	if p.page != nil {
		var ce *commandError
		failure := web.Failure{Text: err.Error(), ExitCode: exitCode(err)}
		if errors.As(err, &ce) {
			failure.Hint = ce.hint
		}
		p.page.Fail(ctx, failure)
	}
	p.wait(ctx, err, "the page")
	return exitStatus(exitCode(err))
}

// wait waits for those who scrape the metrics, and with --web-keep until an interrupt, which ends both.
func (p *publication) wait(ctx context.Context, err error, kept string) {
	if p.metrics != nil {
		wait := p.metrics.End(exitCode(err))
		if wait > 0 && ctx.Err() == nil {
			p.say("waiting up to %s for Prometheus to read the final figures; Ctrl-C leaves",
				units.Duration(wait.Round(time.Second).Seconds()))
			p.metrics.AwaitScrape(ctx)
		}
	}
	if p.page != nil && p.keep && ctx.Err() == nil {
		p.say("%s stays at %s; Ctrl-C leaves", kept, listenURL(p.page.Addr())+"/")
		<-ctx.Done()
	}
}

// unlessWaiting returns a function that says that a command is stopping, unless all is done.
func (p *publication) unlessWaiting(stopping func()) func() {
	return func() {
		if !p.waiting.Load() {
			stopping()
		}
	}
}

func (p *publication) say(format string, args ...any) {
	if !p.quiet {
		p.ios.say(format, args...)
	}
}

// close stops serving.
func (p *publication) close() {
	if p.metrics != nil {
		p.metrics.Close()
	}
	if p.page != nil {
		p.page.Close()
	}
}

// finalOfRun is what the page shows of a run at its end.
func finalOfRun(rep *report.Report) web.Final {
	opts := html.Options{Scenario: repeatRun(rep)}
	return web.Final{
		State: func() (html.State, error) { return html.StateOfRun(rep, opts) },
		Page:  func(w io.Writer) error { return html.WriteReport(w, *rep, opts) },
	}
}

// finalOfSearch is finalOfRun of a search.
func finalOfSearch(rep *report.Capacity) web.Final {
	opts := html.Options{Scenario: repeatSearch(rep)}
	return web.Final{
		State: func() (html.State, error) { return html.StateOfSearch(rep, opts) },
		Page:  func(w io.Writer) error { return html.WriteCapacity(w, *rep, opts) },
	}
}
