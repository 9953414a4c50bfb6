// Package generator watches the process that it runs in: how much processor time the system allows it and keeps from
// it, and the times at which it did not run at all. What a load generator measures in such times says nothing about a
// server.
//
// A [Watch] does so for the length of a run. Whoever records uploads asks [Watch.HeldUp] for each; at the end,
// [Watch.Stop] returns what was seen.
package generator
