package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// serveAdmin is the sandbox's own endpoint, for who drives it from outside of
// the process:
//
//	GET    /_sandbox                  clouds and regions
//	GET    /_sandbox/clouds.yaml      see CloudsYAML; ?all=1 for AllCloudsYAML
//	GET    /_sandbox/requests         counters
//	DELETE /_sandbox/requests         reset them
//	POST   /_sandbox/faults           {"fault": "region=RegionTwo,status=503"}, answers {"id": 1}
//	DELETE /_sandbox/faults[/{id}]    end all or one
//	POST   /_sandbox/bulk             {"cloud", "region", "servers", "bytes"}
//	POST   /_sandbox/expire           {"cloud"}: its tokens are worth nothing from now on
func (s *Sandbox) serveAdmin(w http.ResponseWriter, r *http.Request, segs []string) {
	what := ""
	if len(segs) > 0 {
		what = segs[0]
	}
	var body struct {
		Fault, Cloud, Region string
		Servers, Bytes       int
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
			writeJSON(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
	}
	switch r.Method + " " + what {
	case "GET ":
		clouds := make([]any, 0, len(s.order))
		for _, c := range s.order {
			clouds = append(clouds, object{"name": c.name, "auth_url": s.AuthURL(c.name), "regions": s.Regions(c.name)})
		}
		writeJSON(w, http.StatusOK, object{"clouds": clouds})
	case "GET clouds.yaml":
		text := s.CloudsYAML()
		if r.URL.Query().Get("all") != "" {
			text = s.AllCloudsYAML()
		}
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write([]byte(text))
	case "GET requests":
		writeJSON(w, http.StatusOK, object{"requests": s.Requests()})
	case "DELETE requests":
		s.ResetCounts()
		w.WriteHeader(http.StatusNoContent)
	case "POST faults":
		f, err := ParseFault(body.Fault)
		if err != nil {
			writeJSON(w, http.StatusBadRequest, object{"error": err.Error()})
			return
		}
		writeJSON(w, http.StatusCreated, object{"id": s.AddFault(f)})
	case "DELETE faults":
		s.endFaults(w, segs[1:])
	case "POST bulk":
		if err := s.SetBulk(body.Cloud, body.Region, Bulk{Servers: body.Servers, Bytes: body.Bytes}); err != nil {
			writeJSON(w, http.StatusNotFound, object{"error": err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case "POST expire":
		s.ExpireTokens(body.Cloud)
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusNotFound, object{"error": "nothing here: " + r.Method + " " + r.URL.Path})
	}
}

func (s *Sandbox) endFaults(w http.ResponseWriter, rest []string) {
	if len(rest) == 0 {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	id, err := strconv.Atoi(rest[0])
	if err != nil || !s.RemoveFault(id) {
		writeJSON(w, http.StatusNotFound, object{"error": "no fault " + rest[0]})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
