package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/delivery"
)

// errNoDate means that answers of a server have no readable date.
var errNoDate = errors.New("its answers have no date")

// CompareClock bounds how far the clock of an HTTP server is ahead, by the date in one answer, which is in whole
// seconds. Where bounds are known, it asks at the moment that halves them: when a new second begins at the server. So
// about ten calls find the offset to within milliseconds.
func CompareClock(
	ctx context.Context, client *http.Client, server string, before *delivery.Offset,
) (o delivery.Offset, err error) {
	u, err := url.Parse(server)
	if err != nil {
		return o, errors.New("the address is not valid")
	}
	if before != nil {
		theirs := time.Now().Add(before.Middle())
		if err := clock.Sleep(ctx, theirs.Truncate(time.Second).Add(time.Second).Sub(theirs)); err != nil {
			return o, err
		}
	}
	u.Path, u.RawPath, u.RawQuery = "/", "", ""
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.String(), nil)
	if err != nil {
		return o, errors.New("the address is not valid")
	}
	sent := time.Now()
	resp, err := client.Do(req)
	got := time.Now()
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // without the address, which may hold a secret
			err = ue.Err
		}
		return o, err
	}
	_ = resp.Body.Close() // a HEAD has none
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return o, errNoDate
	}
	return delivery.Offset{Low: date.Sub(got.Round(0)), High: date.Add(time.Second).Sub(sent.Round(0))}, nil
}
