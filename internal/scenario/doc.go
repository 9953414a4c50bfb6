// Package scenario says what a run was asked to be: a [Scenario] is its target, load, clients, radio world and limits.
//
// A scenario is made of values alone. It has nothing open and starts nothing, and it can be copied. [Scenario.Validate]
// finds what is wrong with it, [Scenario.Phases] what its parts are, and [Scenario.Record] describes it in a result.
package scenario
