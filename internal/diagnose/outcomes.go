package diagnose

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// signalsOf computes all signals of a run.
func signalsOf(res *measure.Result, names field.Namer) Signals {
	s := make(Signals)
	s.outcomes(res)
	s.clients(res)
	s.duplicateWindow(res, names)
	s.fullQueue(res)
	s.saidByReplies(res)
	s.repeats(res)
	s.sizes(res)
	s.times(res)
	s.stalls(res)
	s.growth(res)
	s.server(res)
	s.delivery(res)
	s.transcripts(res)
	s.firstCalls(res)
	s.learning(res)
	s.slowClients(res)
	return s
}

// outcomes sets the shares of attempted uploads by how they ended.
func (s Signals) outcomes(res *measure.Result) {
	n := float64(res.Totals.Attempted)
	s.set("attempted", n, Count)
	if n == 0 {
		return
	}
	s.scenario(&res.Scenario)
	s.crash(res)
	s.set("error_share", float64(res.Totals.Failed)/n, Share)
	s.set("accepted", float64(res.Totals.Accepted), Count)
	s.set("accepted_per_s", float64(res.Totals.Accepted)/n*res.Totals.UploadsPerS, PerS)
	if due := n + float64(res.Totals.Unsent); res.Totals.Unsent > 0 {
		s.set("unsent_share", float64(res.Totals.Unsent)/due, Share)
	}
	for status, count := range res.Errors.HTTP {
		code, err := strconv.Atoi(status)
		if err != nil {
			continue
		}
		s.setShare(statusSignal(code), count, res)
		if rdio.IsRedirect(code) {
			s.setShare("redirect_share", count, res)
		}
		if isServerError(code) {
			s.setShare("server_error_share", count, res)
		}
	}
	s.replies("error_answers", res, isServerError)
	s.replies("busy_answers", res, func(code int) bool { return code == http.StatusServiceUnavailable })
	s.replies("limit_answers", res, func(code int) bool { return code == http.StatusTooManyRequests })
	for _, d := range res.ErrorDetails {
		s.setShare(d.Class+"_share", d.Count, res)
		if d.Class == measure.Reset.String() || d.Class == measure.Refused.String() ||
			d.Class == measure.Write.String() {
			s.setShare("cut_off_share", d.Count, res)
		}
	}
	if res.Generator.Limited {
		s.setWithNote("generator_limited", 1, Truth, first(res.Generator.Reasons))
		if judge.Guide().Inconclusive(*res) {
			s.set("generator_to_blame", 1, Truth)
		}
	}
}

// replies sets how often the server answered with certain statuses, and in which words.
func (s Signals) replies(name string, res *measure.Result, of func(code int) bool) {
	var lines []string
	total := 0.0
	for _, d := range readable(res) {
		if d.Status != 0 && of(d.Status) && len(lines) < maxAnswers {
			lines = append(lines, answer(d, float64(res.Totals.Attempted)))
			total += float64(d.Count)
		}
	}
	if total > 0 {
		s[name] = Signal{Value: total, Unit: Count, Lines: lines}
	}
}

// scenario sets the signals of how the run was made.
func (s Signals) scenario(sc *measure.Scenario) {
	if sc.TimeoutS > 0 {
		s.set("timeout", sc.TimeoutS, Seconds)
	}
	if words := retryHabit(sc.Client); words != "" {
		s.setWithNote("client_refused", 1, Truth, words)
	}
}

// crash sets whether the run killed the server. Where the time is not known, rules are silent.
func (s Signals) crash(res *measure.Result) {
	switch c := res.Delivery.Crash; {
	case c != nil:
		s.set("crashed", 1, Truth)
		if c.Lost != nil && *c.Lost > 0 {
			s.set("lost_in_crash", float64(*c.Lost), Count)
			s.set("acknowledged_before_crash", float64(c.Acknowledged), Count)
		}
	case res.Scenario.CrashTest != "":
		s.set("crash_test", 1, Truth)
	}
}

// retryHabit says in a sentence what a client does when it is refused; nothing for a mix of clients.
func retryHabit(client string) string {
	switch client {
	case "sdrtrunk":
		return "SDRTrunk stops sending for a while after any refusal, and does not send the call again."
	case "trunk-recorder":
		return "trunk-recorder sends a refused call again, whole, a minute and three minutes later: that load comes " +
			"on top."
	case "trunk-recorder-5.2":
		return "trunk-recorder sends a refused call again, whole, two minutes and six minutes later: that load comes " +
			"on top."
	case "trunk-recorder-meta", "voxcall", "rdio-scanner", "curl":
		return "This client does not send a refused call again: it is lost."
	default:
		return ""
	}
}

// statusSignal names the share of a status. The statuses that rules distinguish have names of their own.
func statusSignal(code int) string {
	switch code {
	case http.StatusServiceUnavailable:
		return "busy_share"
	case http.StatusTooManyRequests:
		return "rate_limited_share"
	case http.StatusInsufficientStorage:
		return "no_space_share"
	default:
		return fmt.Sprintf("status_%d_share", code)
	}
}

// isServerError reports whether a status is an error of the server, not a refusal for lack of room.
func isServerError(code int) bool {
	return code >= 500 && code != http.StatusServiceUnavailable && code != http.StatusInsufficientStorage
}

// setShare adds uploads to a signal that is a share of the attempted ones.
func (s Signals) setShare(name string, count uint64, res *measure.Result) {
	s.set(name, s[name].Value+float64(count)/float64(res.Totals.Attempted), Share)
}

// replyPatterns are words in replies and errors that name a cause. They are hints: each rule requires more.
func replyPatterns() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"says_locked": regexp.MustCompile(`(?i)database( table)? is locked|SQLITE_BUSY|deadlock|lock wait timeout`),
		"says_pool": regexp.MustCompile(`(?i)connection pool|too many clients|remaining connection slots|` +
			`no (free |database )?connection|QueuePool|acquir\w+ .*connection`),
		"says_files":    regexp.MustCompile(`(?i)too many open files|EMFILE`),
		"says_memory":   regexp.MustCompile(`(?i)out of memory|cannot allocate memory|MemoryError`),
		"says_no_space": regexp.MustCompile(`(?i)no space left|disk (is )?full|ENOSPC`),
	}
}

// saidByReplies looks for these words in the samples of failures.
func (s Signals) saidByReplies(res *measure.Result) {
	words := replyPatterns()
	for _, d := range res.ErrorDetails {
		for name, pattern := range words {
			if pattern.MatchString(d.Sample) {
				s.setWithNote(name, 1, Truth, `"`+sanitize(d.Sample)+`"`)
			}
		}
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
