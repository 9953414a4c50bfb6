package sqldb

import (
	"fmt"

	"rdiostress/internal/delivery"
)

// trEngineSchema is the schema of tr-engine, which keeps calls in PostgreSQL, partitioned by month, and audio in
// files. An upload's file name is the last part of its audio's path; of calls that came otherwise, call_filename has
// it. A call becomes visible before its audio's path does, and is acknowledged after both.
//
// tr-engine knows a system by its label, and numbers systems itself. Where the label is one that this program gives,
// the number is in it; other systems are others'.
func trEngineSchema() schema {
	return schema{
		server: serverTREngine,
		has: map[string][]string{
			"calls": {
				"call_id", "system_id", "tgid", "start_time", "audio_file_path", "audio_file_size", "call_filename",
				"system_name", "tr_call_id",
			},
			"systems":    {"system_id", "sysid", "wacn"},
			"talkgroups": {"system_id", "tgid", "alpha_tag"},
		},
		id: `c."call_id"`, from: `"calls" c`,
		columns: [columns]string{
			colName: `COALESCE(NULLIF(c."audio_file_path", ''), c."call_filename")`,
			colSystem: `COALESCE(substring(c."system_name" from '` + delivery.OwnLabelPattern + `'), ` +
				`CASE WHEN COALESCE(c."system_name", '') ~ '` + delivery.VagueLabelPattern + `' THEN '-1' ` +
				`ELSE '` + fmt.Sprint(delivery.OthersSystem) + `' END)`,
			colGroup: `c."tgid"`, colTime: `c."start_time"`,
			colSize: `c."audio_file_size"`, colFile: `c."audio_file_path"`,
		},
		dates: inText, renames: true,
	}
}
