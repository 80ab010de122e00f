package metadata_test

import (
	"strconv"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

func TestCreateCronTrigger_schedule(t *testing.T) {
	for schedule, message := range map[string]string{
		"* * * * *":                    "",
		"*/5 0-23/2 1,15 1-6 0":        "",
		"0 0 1 1 7":                    "",
		"1,2,5-9,* * * * *":            "",
		"@daily":                       "",
		"":                             "not enough input",
		"every day":                    "Failed reading: takeWhile1",
		"@often":                       "Failed reading: takeWhile1",
		"@dailys":                      "endOfInput",
		"* * * *":                      "' ': not enough input",
		"* * * * ":                     "not enough input",
		"* * * * * *":                  "endOfInput",
		"*  * * * *":                   "Failed reading: takeWhile1",
		"*/0 * * * *":                  "' ': Failed reading: satisfy",
		"5-1 * * * *":                  "' ': Failed reading: satisfy",
		"1, * * * *":                   "' ': Failed reading: satisfy",
		"*/5,10 * * * *":               "' ': Failed reading: satisfy",
		"* * * * MON":                  "Failed reading: takeWhile1",
		"60 * * * *":                   "Failed reading: minutes out of range",
		"* 24 * * *":                   "Failed reading: hours out of range",
		"* * 0 * *":                    "Failed reading: day of month out of range",
		"* * * 1-13 *":                 "Failed reading: month out of range",
		"* * * * 8":                    "Failed reading: day of week out of range",
		"* 99999999999999999999 * * *": "Failed reading: hours out of range",
	} {
		trigger := `{"name":"c","webhook":"http://w","schedule":` + strconv.Quote(schedule) + `,"include_in_metadata":true}`
		_, _, err := metadata.ParseCommand("create_cron_trigger", []byte(trigger), "$.args")
		_, whole := metadata.Decode([]byte(`{"version":3,"sources":[],"cron_triggers":[`+trigger+`]}`), "$.args", true)
		if message == "" {
			if err != nil || whole != nil {
				t.Errorf("%q is refused: %v, %v", schedule, err, whole)
			}
			continue
		}
		refused(t, err, fault.ParseFailed, "$.args.schedule", message)
		refused(t, whole, fault.ParseFailed, "$.args.cron_triggers[0].schedule", message)
		if m, err := metadata.Decode([]byte(`{"version":3,"sources":[],"cron_triggers":[`+trigger+`]}`), "$", false); err != nil || len(m.CronTriggers) != 1 || len(m.Unsupported()) != 1 {
			t.Errorf("%q is stored: %v", schedule, err)
		}
	}
}
