// Package trial makes one complete load test.
//
// A [Plan] says what is requested; it is a value that never changes. [Run] makes the trial and returns the
// [measure.Result]; meanwhile, an [Observer] receives its events (package event). In order, a trial
//
//   - starts the bundled server, if the plan requests it;
//   - finds out what can be observed of the server, and where its calls are stored (package verification);
//   - sends a first call of each client, which shows whether and how the server takes calls, and primes it with the
//     talkgroups that it may have to learn: what that shows is [Learned];
//   - sends the load, with mischief beside it and the server's crash in it (package crash), while a monitor holds it
//     against the guide's alerts;
//   - waits for the uploads in flight and for the calls to be stored, and fills in the Result.
//
// The state that several trials share, such as the steps of a capacity search, is in an [Environment].
package trial
