// Package load is the generator: it turns a [Scenario] into calls that are due at known times, sends them, and measures how
// each went.
//
// [Traffic] says what is sent and [Schedule] when; both are pure, so that they can be tested without waiting. [Run] brings them
// together: uploaders take the next call, wait until it is due, send it through an [Uploader] of their own and record the
// outcome. The package does not know how a result is judged or shown, and never talks to anything but the target.
package load
