package function

import (
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns the logger of a function: one JSON object a line, without
// the value of any attribute whose name says that it is a secret. Nothing of the
// project logs a secret on purpose; this is for the day somebody does.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if secretName(a.Key) {
				return slog.String(a.Key, "***")
			}
			return a
		},
	}))
}

// secretName goes by words inside the name, so that admin_pass, X-Auth-Token
// and user_data are caught. A credential's reference is no secret.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"token", "passw", "_pass", "secret", "authorization", "credentials", "private_key", "user_data", "userdata"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
