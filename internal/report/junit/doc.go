// Package junit writes a report as JUnit XML, by the schema of Jenkins' xUnit plugin (junit-10): what most CI systems
// show as the results of tests. A run has cases for the run as a whole, for each threshold, each alert, the account of
// delivery and each finding; a search for a capacity for its result and each objective.
//
// A file has a failure or an error exactly if the exit code of the run is not 0, so that a gate by this file and one by
// the exit code agree. Alerts and findings of a run that passes are skipped cases.
//
// The readers of such files differ. Each message is repeated in the body of its failure, since some show only one of
// them. The schema allows properties only for suites. Suites have the run's id in their names, since tools that merge
// files join suites of one name; classes have not, so that a case has a history. Tools add up the times of cases, so
// that no time counts twice: the case of the run has its length, that of delivery the wait for storage after it, and
// the others 0. When an alert began and ended is in its message and in its suite's properties.
package junit
