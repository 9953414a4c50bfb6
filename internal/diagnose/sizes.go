package diagnose

import (
	"fmt"
	"net/http"
	"strconv"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/units"
)

// sizes sets the signals of uploads that failed for their size, or whose answer was lost with it.
func (s Signals) sizes(res *measure.Result) {
	if n := res.Errors.HTTP[strconv.Itoa(http.StatusRequestEntityTooLarge)]; n > 0 {
		s.set("too_large", float64(n), Count)
	}
	s.replies("too_large_answers", res, func(code int) bool { return code == http.StatusRequestEntityTooLarge })
	s.replies("redirect_answers", res, rdio.IsRedirect)
	if res.UploadSizes == nil {
		return
	}
	s.sizeLimit(res.UploadSizes)
	s.lostAnswers(res)
}

// sizeLimit sets what is known of the size from which uploads are refused.
func (s Signals) sizeLimit(u *measure.UploadSizes) {
	least, most := u.SmallestTooLarge, u.LargestAccepted
	if least == 0 {
		return
	}
	var refused, larger uint64 // of the uploads of that size or more
	for i := range u.Bins {
		b := &u.Bins[i]
		refused += b.TooLarge
		switch {
		case b.FromBytes >= least:
			larger += b.Uploads()
		case b.ToBytes > least: // what was accepted in this bin may have been smaller
			larger += b.TooLarge
			if most >= least {
				larger += b.Accepted
			}
		}
	}
	limit := fmt.Sprintf("a limit of %s at most", sizeText(least))
	switch {
	case most >= least:
		limit = fmt.Sprintf("no one limit: the smallest call that was refused has %s, the largest that was taken %s",
			sizeText(least), sizeText(most))
	case most > 0 && float64(least) < 1.25*float64(most):
		limit = fmt.Sprintf("a limit of about %s", sizeText((least+most)/2))
	case most > 0:
		limit = fmt.Sprintf("a limit between %s and %s", sizeText(most), sizeText(least))
	}
	s.setWithNote("size_limit", float64(least), Bytes,
		fmt.Sprintf("%s: %s of %s larger calls refused", limit, units.Count(refused), units.Count(larger)))
}

func sizeText(bytes int64) string { return units.Trim(units.Bytes(float64(bytes))) }

// Signs that a proxy, or the connection, loses an answer that the server gives before it has read the upload: the large
// uploads alone fail without that answer. Some of them still get it, as it depends on who is faster.
const (
	minLostAnswers   = 3   // large uploads that failed so
	lostAnswersTimes = 5   // how many times as large their share of the failed uploads is as that of the small ones
	minLostShare     = 0.2 // of the large failed uploads
)

// lostAnswers sets how many large uploads lost the server's answer, where small ones got one.
func (s Signals) lostAnswers(res *measure.Result) {
	bins := res.UploadSizes.Bins
	var all sizeSplit
	for i := range bins {
		all.add(&bins[i])
	}
	var small, best sizeSplit
	limit := int64(0)
	for i := range bins {
		large := sizeSplit{all.answered - small.answered, all.lost - small.lost}
		if i > 0 && large.tells(small) && large.lost >= best.lost && small.answered > 0 {
			best, limit = large, bins[i].FromBytes
		}
		small.add(&bins[i])
	}
	if best.lost == 0 {
		return
	}
	below := sizeSplit{all.answered - best.answered, all.lost - best.lost}
	s["lost_answers"] = Signal{Value: float64(best.lost), Unit: Count, Lines: []string{
		fmt.Sprintf("of the failed uploads of %s and more, %s of %s ended without the server's answer: 502, or a "+
			"closed connection", sizeText(limit), units.Count(best.lost), units.Count(best.lost+best.answered)),
		fmt.Sprintf("of the smaller ones, %s of %s did; the others were answered %s", units.Count(below.lost),
			units.Count(below.lost+below.answered), earlyAnswers(res)),
	}}
}

// sizeSplit counts failed uploads of some sizes: those with an answer that a server gives before it has read the call,
// and those that lost it.
type sizeSplit struct{ answered, lost uint64 }

func (s *sizeSplit) add(b *measure.SizeBin) {
	s.answered += b.Refused + b.TooLarge
	s.lost += b.Lost
}

func (s sizeSplit) lostShare() float64 {
	if s.lost == 0 {
		return 0
	}
	return float64(s.lost) / float64(s.lost+s.answered)
}

// tells reports whether these, the larger uploads, lose answers that the smaller ones get.
func (s sizeSplit) tells(smaller sizeSplit) bool {
	return s.lost >= minLostAnswers && s.lostShare() >= minLostShare &&
		s.lostShare() >= lostAnswersTimes*smaller.lostShare()
}

// earlyAnswers lists the statuses of answers that a server gives before it has read the call.
func earlyAnswers(res *measure.Result) string {
	list := ""
	for _, code := range []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
	} {
		if res.Errors.HTTP[strconv.Itoa(code)] > 0 {
			if list != "" {
				list += " or "
			}
			list += fmt.Sprintf("%d (%s)", code, http.StatusText(code))
		}
	}
	return list
}
