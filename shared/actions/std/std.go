// Package std puts together what the std actions are performed with: an
// interpreter of JavaScript, SMTP, SSH. Who links it can perform all of them.
package std

import (
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/actions/email"
	"github.com/sirocco-workflows/sirocco/shared/actions/js"
	"github.com/sirocco-workflows/sirocco/shared/actions/ssh"
)

// All returns everything that there is.
func All() actions.Std {
	return actions.Std{Script: js.Eval, Email: email.Send, SSH: ssh.Run}
}
