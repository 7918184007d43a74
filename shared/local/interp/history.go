package interp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Event is one entry of an execution's history, in the shape of Step Functions'
// GetExecutionHistory: besides timestamp, type and ids one object of details
// under the key that AWS gives it.
type Event struct {
	Execution string
	Timestamp time.Time
	Type      string
	ID        int64
	Previous  int64  // the event that led to this one; 0 for the first two
	DetailKey string // for example "stateEnteredEventDetails"; empty if the type has none
	Details   Details
}

// Details are the details of an event. Which fields it has depends on its type;
// empty ones are left out. Input, output and parameters are JSON text.
type Details struct {
	Name               string            `json:"name,omitempty"`
	Index              *int              `json:"index,omitempty"`
	Length             *int              `json:"length,omitempty"`
	Input              *string           `json:"input,omitempty"`
	InputDetails       *DataDetails      `json:"inputDetails,omitempty"`
	Output             *string           `json:"output,omitempty"`
	OutputDetails      *DataDetails      `json:"outputDetails,omitempty"`
	AssignedVariables  map[string]string `json:"assignedVariables,omitempty"`
	AssignedDetails    *DataDetails      `json:"assignedVariablesDetails,omitempty"`
	RoleARN            string            `json:"roleArn,omitempty"`
	Resource           string            `json:"resource,omitempty"`
	ResourceType       string            `json:"resourceType,omitempty"`
	Region             string            `json:"region,omitempty"`
	Parameters         *string           `json:"parameters,omitempty"`
	TimeoutInSeconds   int64             `json:"timeoutInSeconds,omitempty"`
	HeartbeatInSeconds int64             `json:"heartbeatInSeconds,omitempty"`
	Error              *string           `json:"error,omitempty"`
	Cause              *string           `json:"cause,omitempty"`
	Location           string            `json:"location,omitempty"`
	State              string            `json:"state,omitempty"`
	MapRunARN          string            `json:"mapRunArn,omitempty"`
}

// DataDetails says whether data is cut off in the history. It never is here.
type DataDetails struct {
	Truncated bool `json:"truncated"`
}

// MarshalJSON implements [json.Marshaler] in AWS's shape; the timestamp is in
// seconds with fractions, as the AWS CLI shows it without its own formatting.
func (e Event) MarshalJSON() ([]byte, error) {
	return e.appendJSON(nil)
}

func (e Event) appendJSON(b []byte) ([]byte, error) {
	b = append(b, `{"timestamp":"`...)
	b = e.Timestamp.UTC().AppendFormat(b, timeFormat)
	b = append(b, `","type":"`...)
	b = append(b, e.Type...)
	b = append(b, `","id":`...)
	b = appendInt(b, e.ID)
	b = append(b, `,"previousEventId":`...)
	b = appendInt(b, e.Previous)
	if e.DetailKey != "" {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e.Details); err != nil {
			return nil, err
		}
		b = append(b, `,"`...)
		b = append(b, e.DetailKey...)
		b = append(b, `":`...)
		b = append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Event) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	*e = Event{}
	for key, raw := range fields {
		var to any
		switch key {
		case "timestamp":
			to = &e.Timestamp
		case "type":
			to = &e.Type
		case "id":
			to = &e.ID
		case "previousEventId":
			to = &e.Previous
		default:
			e.DetailKey = key
			to = &e.Details
		}
		if err := json.Unmarshal(raw, to); err != nil {
			return err
		}
	}
	return nil
}

const timeFormat = "2006-01-02T15:04:05.000Z"

func appendInt(b []byte, i int64) []byte { return strconv.AppendInt(b, i, 10) }

// errorDetails are the details of an event about an error.
func errorDetails(err *StateError) Details {
	return Details{Error: &err.Name, Cause: &err.Cause}
}

// event adds an event that follows the frame's last one. Those within an item
// of a distributed Map, which is an execution of its own, are only observed.
func (ex *execution) event(fr *frame, typ, key string, d Details) {
	e := Event{Execution: ex.name, Timestamp: ex.now(), Type: typ, DetailKey: key, Details: d}
	if fr != nil {
		e.Previous = fr.last
		if fr.isolated() {
			if ex.opts.Observe != nil {
				ex.opts.Observe(e)
			}
			return
		}
	}
	ex.lastEvent++
	e.ID = ex.lastEvent
	if fr != nil {
		fr.last = e.ID
	}
	if ex.opts.HistoryLimit > 0 && e.ID >= int64(ex.opts.HistoryLimit) {
		ex.overrun = true
	}
	if !ex.opts.NoHistory {
		ex.keep(e)
	}
	if ex.opts.Observe != nil {
		ex.opts.Observe(e)
	}
}

func (ex *execution) keep(e Event) {
	if len(ex.events) == 0 {
		ex.firstID = e.ID
	}
	b, err := e.appendJSON(ex.events)
	if err != nil {
		panic(err) // details have a JSON form
	}
	ex.events = append(b, '\n')
}

// isolated reports whether the frame is within an item of a distributed Map.
func (fr *frame) isolated() bool {
	for f := fr; f.parent != nil; f = f.parent {
		if f.scope.distributed {
			return true
		}
	}
	return false
}
