package measure

import "slices"

// SignalInfo describes a signal. Everything that shows signals uses it.
type SignalInfo struct {
	Signal    Signal
	Name      string // in the JSON report, and in mappings of a server's metrics
	Unit      Unit
	Title     string // in the server's table; empty if not shown there
	Group     Group  // in the server's table
	Aggregate Aggregate
	KPI       string // the guide's key figure; empty if it is none
	Doc       string // description for the manual and the schema
}

// Unit is what a signal is measured in.
type Unit string

// The units. A UnitFlag is 1 for true and 0 for false.
const (
	UnitBytes       Unit = "bytes"
	UnitBytesPerS   Unit = "bytes/s"
	UnitCalls       Unit = "calls"
	UnitCount       Unit = "count"
	UnitFlag        Unit = "0 or 1"
	UnitProcessors  Unit = "processors"
	UnitRatio       Unit = "ratio"
	UnitSeconds     Unit = "s"
	UnitSecondsPerS Unit = "s/s"
)

// Group is the part of the system that a signal belongs to.
type Group string

// The groups, in the order of the server's table.
const (
	GroupProcess    Group = "process"
	GroupData       Group = "its data"
	GroupMachine    Group = "its machine"
	GroupOwnFigures Group = "its own figures"
	GroupDatabase   Group = "database"
)

// Aggregate is how the values of an interval are combined.
type Aggregate uint8

// The aggregates.
const (
	TakeMean Aggregate = iota
	TakeLast
	TakeLeast
	TakeMost
)

// String returns the aggregate as a word.
func (a Aggregate) String() string { return [...]string{"mean", "last", "least", "most"}[a] }

// Signals returns the table of signals, in the order in which they are shown.
func Signals() []SignalInfo { return signals[:] }

// Info returns the description of a signal.
func (sig Signal) Info() *SignalInfo {
	i := slices.IndexFunc(signals[:], func(s SignalInfo) bool { return s.Signal == sig })
	return &signals[i]
}

// signals is the table. It is never modified.
var signals = [NumSignals]SignalInfo{
	{
		Signal: CPU, Name: "cpu_s_per_s", Unit: UnitProcessors, Title: "processors busy", Group: GroupProcess,
		Doc: "Processors that the process and its children kept busy; 1 is a whole one. On Linux with children that " +
			"have ended.",
	},
	{
		Signal: RSS, Name: "rss_bytes", Unit: UnitBytes, Title: "memory", Group: GroupProcess, KPI: "memory_usage",
		Doc: "Memory of the process and its children; watch.memory_kind says of which kind.",
	},
	{
		Signal: Heap, Name: "heap_bytes", Unit: UnitBytes, Title: "heap", Group: GroupProcess,
		Doc: "Heap of the server's runtime, by its own figures.",
	},
	{
		Signal: Processes, Name: "processes", Unit: UnitCount, Title: "processes", Group: GroupProcess,
		Doc: "The process and its children, counted.",
	},
	{
		Signal: Threads, Name: "threads", Unit: UnitCount, Title: "threads", Group: GroupProcess,
		Doc: "Threads of the process and its children.",
	},
	{
		Signal: Goroutines, Name: "goroutines", Unit: UnitCount, Title: "goroutines", Group: GroupProcess,
		Doc: "Goroutines of the server, by its own figures.",
	},
	{
		Signal: OpenFiles, Name: "open_files", Unit: UnitCount, Title: "open files", Group: GroupProcess,
		Doc: "Files and sockets that the process and its children had open.",
	},
	{
		Signal: OpenFilesLimit, Name: "open_files_limit", Unit: UnitCount, Group: GroupProcess,
		Doc: "How many files and sockets the process may have open.",
	},
	{
		Signal: ReadRate, Name: "read_bytes_per_s", Unit: UnitBytesPerS, Title: "disk reads", Group: GroupProcess,
		Doc: "What the process and its children read from disks.",
	},
	{
		Signal: WriteRate, Name: "write_bytes_per_s", Unit: UnitBytesPerS, Title: "disk writes", Group: GroupProcess,
		Doc: "What the process and its children wrote to disks.",
	},

	{
		Signal: DataSize, Name: "data_bytes", Unit: UnitBytes, Title: "size", Group: GroupData, Aggregate: TakeLast,
		Doc: "Size of the files in the data folders, at the end of the interval.",
	},
	{
		Signal: DataFiles, Name: "data_files", Unit: UnitCount, Title: "files", Group: GroupData, Aggregate: TakeLast,
		Doc: "Files in the data folders, at the end of the interval.",
	},
	{
		Signal: DiskFree, Name: "disk_free_bytes", Unit: UnitBytes, Title: "free disk", Group: GroupData,
		Aggregate: TakeLeast,
		Doc:       "Free space on the disk of the data folders, the least.",
	},

	{
		Signal: MachineCPU, Name: "machine_cpu_ratio", Unit: UnitRatio, Title: "busy", Group: GroupMachine,
		Doc: "Share of the machine's processors that was busy, whoever used it.",
	},
	{
		Signal: GeneratorCPU, Name: "generator_cpu_s_per_s", Unit: UnitProcessors, Title: "by rdiostress",
		Group: GroupMachine,
		Doc: "Processors of the server's machine that the generator and its children kept busy, where that is the " +
			"generator's too.",
	},
	{
		Signal: OtherCPU, Name: "other_cpu_s_per_s", Unit: UnitProcessors, Title: "by everything else",
		Group: GroupMachine,
		Doc: "Processors that everything else than the server and the generator kept busy, with backends, without " +
			"interrupts.",
	},
	{
		Signal: BackendCPU, Name: "backend_cpu_s_per_s", Unit: UnitProcessors, Group: GroupMachine,
		Doc: "Processors that processes kept busy which the server has connected to, such as its database.",
	},
	{
		Signal: MachineIOWait, Name: "machine_iowait_ratio", Unit: UnitRatio, Title: "waits for disks",
		Group: GroupMachine,
		Doc:   "Share of the processors' time that waited for disks; Linux only.",
	},
	{
		Signal: MachineMemory, Name: "machine_memory_available_bytes", Unit: UnitBytes, Title: "memory available",
		Group: GroupMachine,
		Doc:   "Memory that the machine could still give without swapping.",
	},

	{
		Signal: StoredCalls, Name: "stored_calls", Unit: UnitCalls, Title: "calls stored", Group: GroupOwnFigures,
		Aggregate: TakeLast,
		Doc:       "Calls that the server has stored in all, by its own figures, at the end of the interval.",
	},
	{
		Signal: StoredBytes, Name: "stored_bytes", Unit: UnitBytes, Title: "audio stored", Group: GroupOwnFigures,
		Aggregate: TakeLast, KPI: "disk_usage",
		Doc: "Bytes of audio that the server has stored, by its own figures, at the end of the interval.",
	},
	{
		Signal: UploadQueue, Name: "upload_queue_calls", Unit: UnitCalls, Title: "uploads queued",
		Group: GroupOwnFigures,
		Doc:   "Calls taken or waiting that were not yet stored, by the server's own figures.",
	},
	{
		Signal: UploadQueueLimit, Name: "upload_queue_limit_calls", Unit: UnitCalls, Group: GroupOwnFigures,
		Doc: "How many calls may wait to be stored, by the server's own figures.",
	},
	{
		Signal: TranscriptionQueue, Name: "transcription_queue_calls", Unit: UnitCalls, Title: "transcriptions pending",
		Group: GroupOwnFigures, KPI: "transcription_queue_depth",
		Doc: "Calls that waited for transcription, by the server's own figures.",
	},
	{
		Signal: PoolInUse, Name: "pool_in_use", Unit: UnitCount, Title: "pool connections in use",
		Group: GroupOwnFigures,
		Doc:   "Connections of the server's database pool in use, by its own figures.",
	},
	{
		Signal: PoolOpen, Name: "pool_open", Unit: UnitCount, Title: "pool connections open", Group: GroupOwnFigures,
		Doc: "Connections that the pool has open, which may be fewer than it may have.",
	},
	{
		Signal: PoolLimit, Name: "pool_limit", Unit: UnitCount, Group: GroupOwnFigures,
		Doc: "How many connections the pool may have.",
	},
	{
		Signal: PoolUsage, Name: "pool_usage_ratio", Unit: UnitRatio, Title: "pool in use", Group: GroupOwnFigures,
		KPI: "db_connection_pool_usage",
		Doc: "Share of the pool in use.",
	},
	{
		Signal: PoolWaiting, Name: "pool_waiting", Unit: UnitCount, Title: "waiting for the pool",
		Group: GroupOwnFigures, Aggregate: TakeMost,
		Doc: "Requests that waited for a connection of the pool, the most.",
	},
	{
		Signal: TempFiles, Name: "temp_files", Unit: UnitCount, Title: "temporary files", Group: GroupOwnFigures,
		Doc: "Temporary files that the server had open, by its own figures.",
	},
	{
		Signal: BreakerOpen, Name: "breaker_open", Unit: UnitFlag, Title: "circuit breaker open",
		Group: GroupOwnFigures,
		Doc:   "1 while the server's circuit breaker refused, 0 while not.",
	},
	{
		Signal: ReadingTime, Name: "reading_s_per_s", Unit: UnitSecondsPerS, Group: GroupOwnFigures,
		Doc: "Time that uploads spent being read, in each second, by the server's own figures.",
	},
	{
		Signal: QueueingTime, Name: "queueing_s_per_s", Unit: UnitSecondsPerS, Group: GroupOwnFigures,
		Doc: "Time that uploads spent waiting for a worker, in each second, by the server's own figures.",
	},
	{
		Signal: StoringTime, Name: "storing_s_per_s", Unit: UnitSecondsPerS, Group: GroupOwnFigures,
		Doc: "Time that uploads spent being stored, in each second, by the server's own figures.",
	},

	{
		Signal: DBConnections, Name: "db_connections", Unit: UnitCount, Title: "connections", Group: GroupDatabase,
		Doc: "Client connections to the database server.",
	},
	{
		Signal: DBConnectionsLimit, Name: "db_connections_limit", Unit: UnitCount, Title: "connections allowed",
		Group: GroupDatabase,
		Doc:   "How many client connections the database server allows.",
	},
	{
		Signal: DBWaitingLocks, Name: "db_waiting_locks", Unit: UnitCount, Title: "waiting for a lock",
		Group: GroupDatabase, Aggregate: TakeMost,
		Doc: "Sessions of the database that waited for a lock, the most.",
	},
	{
		Signal: DBLongestTransaction, Name: "db_longest_transaction_s", Unit: UnitSeconds, Title: "longest transaction",
		Group: GroupDatabase, Aggregate: TakeMost,
		Doc: "Age of the oldest transaction of the database, the most.",
	},
	{
		Signal: DBSize, Name: "db_size_bytes", Unit: UnitBytes, Title: "size", Group: GroupDatabase,
		Aggregate: TakeLast,
		Doc:       "Size of the database, at the end of the interval.",
	},
}
