package measure

import "math"

// Signal is one figure that can be observed of the server under test.
type Signal uint8

// The signals. Seen says what each is, and in which unit.
const (
	RSS Signal = iota
	CPU
	Processes
	Threads
	OpenFiles
	OpenFilesLimit
	ReadRate
	WriteRate
	DataSize
	DataFiles
	DiskFree
	MachineCPU
	MachineIOWait
	MachineMemory
	Heap
	Goroutines
	UploadQueue
	UploadQueueLimit
	TranscriptionQueue
	PoolInUse
	PoolLimit
	PoolUsage
	PoolWaiting
	StoredCalls
	StoredBytes
	TempFiles
	BreakerOpen
	ReadingTime
	QueueingTime
	StoringTime
	DBConnections
	DBConnectionsLimit
	DBWaitingLocks
	DBLongestTransaction
	DBSize
	GeneratorCPU
	BackendCPU
	OtherCPU
	PoolOpen
	NumSignals
)

// Observation is what was observed of the server in an interval; what was not is absent. Figures are means of the interval, but for
// stored_calls, stored_bytes, data_bytes, data_files and db_size_bytes, which are as they stood at its end, disk_free_bytes, which
// is the least, and db_waiting_locks, db_longest_transaction_s and pool_waiting, which are the most. Those of the process are with
// its children.
type Observation struct {
	RSSBytes                    *float64 `json:"rss_bytes,omitempty"`                      // resident memory; which kind, the Watch says
	CPUSPerS                    *float64 `json:"cpu_s_per_s,omitempty"`                    // processors kept busy
	Processes                   *float64 `json:"processes,omitempty"`                      // the process and its children
	Threads                     *float64 `json:"threads,omitempty"`                        // of the operating system
	OpenFiles                   *float64 `json:"open_files,omitempty"`                     // descriptors, sockets too
	OpenFilesLimit              *float64 `json:"open_files_limit,omitempty"`               // that the process may have open
	ReadBytesPerS               *float64 `json:"read_bytes_per_s,omitempty"`               // from disks
	WriteBytesPerS              *float64 `json:"write_bytes_per_s,omitempty"`              // to disks
	DataBytes                   *float64 `json:"data_bytes,omitempty"`                     // in its data folders
	DataFiles                   *float64 `json:"data_files,omitempty"`                     // in its data folders
	DiskFreeBytes               *float64 `json:"disk_free_bytes,omitempty"`                // on the disk of its data folder
	MachineCPURatio             *float64 `json:"machine_cpu_ratio,omitempty"`              // share of all processors that is busy, whoever uses it
	MachineIOWaitRatio          *float64 `json:"machine_iowait_ratio,omitempty"`           // share of processor time that waits for disks
	MachineMemoryAvailableBytes *float64 `json:"machine_memory_available_bytes,omitempty"` // without swapping
	HeapBytes                   *float64 `json:"heap_bytes,omitempty"`                     // of its runtime
	Goroutines                  *float64 `json:"goroutines,omitempty"`
	UploadQueueCalls            *float64 `json:"upload_queue_calls,omitempty"`        // accepted or waiting, not yet stored
	UploadQueueLimitCalls       *float64 `json:"upload_queue_limit_calls,omitempty"`  // that may be
	TranscriptionQueueCalls     *float64 `json:"transcription_queue_calls,omitempty"` // pending
	PoolInUse                   *float64 `json:"pool_in_use,omitempty"`               // connections of the server's own pool
	PoolLimit                   *float64 `json:"pool_limit,omitempty"`
	PoolUsageRatio              *float64 `json:"pool_usage_ratio,omitempty"`
	PoolWaiting                 *float64 `json:"pool_waiting,omitempty"`     // requests that wait for a connection of it
	PoolOpen                    *float64 `json:"pool_open,omitempty"`        // that its pool has open, which may be fewer than its limit
	StoredCalls                 *float64 `json:"stored_calls,omitempty"`     // in all, by the server's own count
	StoredBytes                 *float64 `json:"stored_bytes,omitempty"`     // of audio, by the server's own count
	TempFiles                   *float64 `json:"temp_files,omitempty"`       // open, by the server's own count
	BreakerOpen                 *float64 `json:"breaker_open,omitempty"`     // 1 while its circuit breaker refuses
	ReadingSPerS                *float64 `json:"reading_s_per_s,omitempty"`  // time that uploads spent being read, in each second
	QueueingSPerS               *float64 `json:"queueing_s_per_s,omitempty"` // waiting for a worker
	StoringSPerS                *float64 `json:"storing_s_per_s,omitempty"`  // being stored
	DBConnections               *float64 `json:"db_connections,omitempty"`
	DBConnectionsLimit          *float64 `json:"db_connections_limit,omitempty"`
	DBWaitingLocks              *float64 `json:"db_waiting_locks,omitempty"` // sessions that wait for a lock
	DBLongestTransactionS       *float64 `json:"db_longest_transaction_s,omitempty"`
	DBSizeBytes                 *float64 `json:"db_size_bytes,omitempty"`

	// Processors of its machine that were kept busy by others, where that is this machine too.
	GeneratorCPUSPerS *float64 `json:"generator_cpu_s_per_s,omitempty"` // by this program and its children that are not the server
	BackendCPUSPerS   *float64 `json:"backend_cpu_s_per_s,omitempty"`   // by processes that the server has connected to, such as its database
	OtherCPUSPerS     *float64 `json:"other_cpu_s_per_s,omitempty"`     // by everything else than the server and this program, backends too
}

// field is where a signal is in s.
func (s *Observation) field(sig Signal) **float64 {
	return [NumSignals]**float64{
		RSS: &s.RSSBytes, CPU: &s.CPUSPerS, Processes: &s.Processes, Threads: &s.Threads,
		OpenFiles: &s.OpenFiles, OpenFilesLimit: &s.OpenFilesLimit, ReadRate: &s.ReadBytesPerS, WriteRate: &s.WriteBytesPerS,
		DataSize: &s.DataBytes, DataFiles: &s.DataFiles, DiskFree: &s.DiskFreeBytes,
		MachineCPU: &s.MachineCPURatio, MachineIOWait: &s.MachineIOWaitRatio, MachineMemory: &s.MachineMemoryAvailableBytes,
		Heap: &s.HeapBytes, Goroutines: &s.Goroutines,
		UploadQueue: &s.UploadQueueCalls, UploadQueueLimit: &s.UploadQueueLimitCalls, TranscriptionQueue: &s.TranscriptionQueueCalls,
		PoolInUse: &s.PoolInUse, PoolLimit: &s.PoolLimit, PoolUsage: &s.PoolUsageRatio, PoolWaiting: &s.PoolWaiting,
		PoolOpen:    &s.PoolOpen,
		StoredCalls: &s.StoredCalls, StoredBytes: &s.StoredBytes, TempFiles: &s.TempFiles, BreakerOpen: &s.BreakerOpen,
		ReadingTime: &s.ReadingSPerS, QueueingTime: &s.QueueingSPerS, StoringTime: &s.StoringSPerS,
		DBConnections: &s.DBConnections, DBConnectionsLimit: &s.DBConnectionsLimit, DBWaitingLocks: &s.DBWaitingLocks,
		DBLongestTransaction: &s.DBLongestTransactionS, DBSize: &s.DBSizeBytes,
		GeneratorCPU: &s.GeneratorCPUSPerS, BackendCPU: &s.BackendCPUSPerS, OtherCPU: &s.OtherCPUSPerS,
	}[sig]
}

// Get returns a signal; false where it was not observed. A nil Seen has observed nothing.
func (s *Observation) Get(sig Signal) (float64, bool) {
	if s == nil {
		return 0, false
	}
	if v := *s.field(sig); v != nil {
		return *v, true
	}
	return 0, false
}

// Set notes a signal. What is no number is not observed.
func (s *Observation) Set(sig Signal, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		*s.field(sig) = &v
	}
}

// Drop forgets a signal.
func (s *Observation) Drop(sig Signal) { *s.field(sig) = nil }

// Name is what the report calls a signal.
func (sig Signal) Name() string {
	return [NumSignals]string{
		RSS: "rss_bytes", CPU: "cpu_s_per_s", Processes: "processes", Threads: "threads",
		OpenFiles: "open_files", OpenFilesLimit: "open_files_limit", ReadRate: "read_bytes_per_s", WriteRate: "write_bytes_per_s",
		DataSize: "data_bytes", DataFiles: "data_files", DiskFree: "disk_free_bytes",
		MachineCPU: "machine_cpu_ratio", MachineIOWait: "machine_iowait_ratio", MachineMemory: "machine_memory_available_bytes",
		Heap: "heap_bytes", Goroutines: "goroutines",
		UploadQueue: "upload_queue_calls", UploadQueueLimit: "upload_queue_limit_calls", TranscriptionQueue: "transcription_queue_calls",
		PoolInUse: "pool_in_use", PoolLimit: "pool_limit", PoolUsage: "pool_usage_ratio", PoolWaiting: "pool_waiting",
		PoolOpen:    "pool_open",
		StoredCalls: "stored_calls", StoredBytes: "stored_bytes", TempFiles: "temp_files", BreakerOpen: "breaker_open",
		ReadingTime: "reading_s_per_s", QueueingTime: "queueing_s_per_s", StoringTime: "storing_s_per_s",
		DBConnections: "db_connections", DBConnectionsLimit: "db_connections_limit", DBWaitingLocks: "db_waiting_locks",
		DBLongestTransaction: "db_longest_transaction_s", DBSize: "db_size_bytes",
		GeneratorCPU: "generator_cpu_s_per_s", BackendCPU: "backend_cpu_s_per_s", OtherCPU: "other_cpu_s_per_s",
	}[sig]
}

// merge takes in the signal's next value of an interval that has n already, and returns what stands for them all.
func (sig Signal) merge(have, next float64, n int) float64 {
	switch sig {
	case DataSize, DataFiles, StoredCalls, StoredBytes, DBSize:
		return next
	case DiskFree:
		return math.Min(have, next)
	case DBWaitingLocks, DBLongestTransaction, PoolWaiting:
		return math.Max(have, next)
	default:
		return have + (next-have)/float64(n+1)
	}
}
