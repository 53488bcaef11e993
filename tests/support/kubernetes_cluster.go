// One executable with the parts of a Kubernetes cluster: etcd, API server, controllers, scheduler and kubectl.
package main

import (
	"log"
	"net/url"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/util/cert"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	program, arguments := os.Args[1], os.Args[2:]
	var command *cobra.Command
	switch program {
	case "keys":
		check(keys())
		return
	case "etcd":
		check(etcd(arguments[0]))
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = controllers.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kubectl":
		os.Args = os.Args[1:]
		command = kubectl.NewDefaultKubectlCommand()
	}
	command.SetArgs(arguments)
	os.Exit(cli.Run(command))
}

// keys writes a certificate and its key, for all servers and for the tokens of service accounts.
func keys() error {
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	check(err)
	check(os.WriteFile("cert.pem", certificate, 0o600))
	return os.WriteFile("key.pem", key, 0o600)
}

// etcd serves at an address with its data in the working folder, until it fails.
func etcd(address string) error {
	clients, err := url.Parse(address)
	check(err)
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = "etcd", "error", true
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*clients}, []url.URL{*clients}
	config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	server, err := embed.StartEtcd(config)
	check(err)
	return <-server.Err()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
