// A client with Go's x/crypto/ssh, for the matrix of clients: gossh HOST PORT USER KEY CERTIFICATE OPERATION…
//
//	run COMMAND     standard input to it, its output and exit code from it      pty COMMAND   the same on a terminal
//	rekey COMMAND   the same, with a key exchange each 64 KiB                   many N        N channels at once: the N-th says nN
//	put FILE TO     get FROM FILE (sftp)
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

func dial(a []string, rekey uint64) *ssh.Client {
	text, err := os.ReadFile(a[3])
	must(err)
	key, err := ssh.ParsePrivateKey(text)
	must(err)
	text, err = os.ReadFile(a[4])
	must(err)
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	must(err)
	signer, err := ssh.NewCertSigner(public.(*ssh.Certificate), key)
	must(err)
	config := &ssh.ClientConfig{User: a[2], Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	config.RekeyThreshold = rekey
	c, err := ssh.Dial("tcp", a[0]+":"+a[1], config)
	must(err)
	return c
}

func run(c *ssh.Client, command string, pty bool) int {
	s, err := c.NewSession()
	must(err)
	s.Stdin, s.Stdout, s.Stderr = os.Stdin, os.Stdout, os.Stderr
	if pty {
		must(s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}))
	}
	err = s.Run(command)
	if e, ok := err.(*ssh.ExitError); ok {
		return e.ExitStatus()
	}
	must(err)
	return 0
}

func many(c *ssh.Client, n int) {
	var wait sync.WaitGroup
	out := make([]bytes.Buffer, n)
	sessions := make([]*ssh.Session, n)
	for i := range sessions {
		s, err := c.NewSession()
		must(err)
		sessions[i] = s
		s.Stdout = &out[i]
		must(s.Start(fmt.Sprintf("echo n%d", i)))
	}
	for i := range sessions {
		wait.Add(1)
		go func(i int) { defer wait.Done(); must(sessions[i].Wait()) }(i)
	}
	wait.Wait()
	for i := range out {
		os.Stdout.Write(out[i].Bytes())
	}
}

func copyFile(c *ssh.Client, from, to string, put bool) {
	f, err := sftp.NewClient(c)
	must(err)
	var r io.ReadCloser
	var w io.WriteCloser
	if put {
		r, err = os.Open(from)
		must(err)
		w, err = f.Create(to)
	} else {
		r, err = f.Open(from)
		must(err)
		w, err = os.Create(to)
	}
	must(err)
	_, err = io.Copy(w, r)
	must(err)
	must(w.Close())
}

func main() {
	a := os.Args[1:]
	rekey := uint64(0)
	if a[5] == "rekey" {
		rekey = 65536
	}
	c := dial(a, rekey)
	switch a[5] {
	case "run", "rekey", "pty":
		os.Exit(run(c, a[6], a[5] == "pty"))
	case "many":
		n, _ := strconv.Atoi(a[6])
		many(c, n)
	case "put", "get":
		copyFile(c, a[6], a[7], a[5] == "put")
	}
}
