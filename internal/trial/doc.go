// Package trial makes one load test from its beginning to its end.
//
// A [Plan] says what is asked for; it is a value that is never changed. [Run] makes the trial and returns the
// [measure.Result]; an [Observer] is told meanwhile how it goes (package event). In order, a trial
//
//   - starts the bundled server, if the plan asks for it;
//   - finds what can be seen of the server, and where its calls are stored (package verification);
//   - sends a first call of each client, which shows whether and how the server takes calls, and primes it with the
//     talkgroups that it may have to learn: what that shows is [Learned];
//   - sends the load, with mischief beside it and the server's crash in it (package crash), while a monitor holds it
//     against the guide's alerts;
//   - waits for what is on its way and for the calls to be stored, and fills in the Result.
//
// What several trials share, as the steps of a capacity search do, is in an [Environment].
package trial
