# shellcheck shell=bash
# Finding a container engine, and asking it. Sourced by prepare and build-images.
#
# The `docker` client is used where there is one. Where there is only a socket,
# curl speaks the same HTTP API: enough to look at images and to import one.

started=$SECONDS

say() { printf 'drillyard: %s\n' "$*" >&2; }
elapsed() { printf '%s s' "$((SECONDS - started))"; }

# die MESSAGE [LINE...]: the lines are the commands or facts that help.
die() {
    say "error: $1"
    shift
    for line in "$@"; do printf '    %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# engine_api PATH [CURL ARGUMENT...]
engine_api() {
    local path=$1 target=()
    shift
    case ${DOCKER_HOST:-unix:///var/run/docker.sock} in
        unix://*) target=(--unix-socket "${DOCKER_HOST#unix://}" "http://engine$path") ;;
        tcp://*) target=("http://${DOCKER_HOST#tcp://}$path") ;;
        *) return 1 ;;
    esac
    curl --silent --show-error --fail "$@" "${target[@]}"
}

engine_answers() {
    if have docker; then
        timeout 10 docker version --format '{{.Server.Version}}'
    elif have curl; then
        engine_api /_ping --max-time 10
    else
        return 1
    fi >/dev/null 2>&1
}

engine_sockets() {
    printf '%s\n' /var/run/docker.sock
    if [[ -n ${XDG_RUNTIME_DIR:-} ]]; then
        printf '%s\n' "$XDG_RUNTIME_DIR/docker.sock" "$XDG_RUNTIME_DIR/podman/podman.sock"
    fi
    printf '%s\n' "${HOME:-/root}/.docker/run/docker.sock" /run/podman/podman.sock
}

# Leaves DOCKER_HOST exported when the engine is not where clients look by themselves.
find_engine() {
    local socket forbidden=
    if [[ -n ${DOCKER_HOST:-} ]]; then
        # A named engine is never replaced by another one: the images would land on the wrong machine.
        engine_answers || die "no engine answers at DOCKER_HOST=$DOCKER_HOST" \
            "start it, or look for one on this machine: unset DOCKER_HOST"
        return
    fi
    if have docker && engine_answers; then return; fi
    for socket in $(engine_sockets); do
        [[ -S $socket ]] || continue
        export DOCKER_HOST=unix://$socket
        if engine_answers; then return; fi
        unset DOCKER_HOST
        [[ -w $socket ]] || forbidden=$socket
    done
    [[ -z $forbidden ]] || die "you may not use the engine at $forbidden" \
        "sudo usermod -aG docker $(id -un)" "then log out and in again, and run docker/prepare once more"
    return 1
}

# image_label IMAGE LABEL: prints nothing where the image or the label is missing.
image_label() {
    if have docker; then
        docker image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null || true
    else
        # The label is in Config and in ContainerConfig: the first is enough.
        engine_api "/images/$1/json" 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4 || true
    fi
}

# Removes images of ours that a newer recipe has replaced. One that a container
# still uses stays until the next time; so do all where there is no client.
forget_replaced_images() {
    local image
    have docker || return 0
    for image in $(docker image ls --quiet --filter dangling=true --filter label=io.drillyard.image=postgres); do
        docker image rm "$image" >/dev/null 2>&1 || true
    done
}

# import_image FILE IMAGE CHANGE...: the tag is set by the engine when everything else is done.
import_image() {
    local file=$1 image=$2 changes=() change
    shift 2
    if have docker; then
        for change in "$@"; do changes+=(--change "$change"); done
        docker import "${changes[@]}" "$file" "$image"
    else
        for change in "$@"; do changes+=("$(printf '%s' "$change" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g; s/^/\&changes=/')"); done
        engine_api "/images/create?fromSrc=-&repo=${image%:*}&tag=${image##*:}$(printf '%s' "${changes[@]}")" \
            --request POST --header 'Content-Type: application/x-tar' --upload-file "$file"
    fi >/dev/null
}

# One number for everything that decides what is in an image.
recipe_hash() {
    (cd "$(dirname "${BASH_SOURCE[0]}")" && cat build-images Dockerfile bake) | sha256sum | cut -c 1-16
}

image_name() { printf '%s/postgres:%s' "${DRILLYARD_IMAGE_PREFIX:-drillyard}" "$1"; }

# run COMMAND...: in the background and in a process group of its own, because
# bash runs a trap only between foreground commands, and the trap ends them all.
run() {
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    wait "$child" || return 1
    child=
}

# run_step TEXT COMMAND...: shows the command's output only when it fails.
run_step() {
    local text=$1 begin=$SECONDS
    shift
    say "$text"
    if ! run "$@" >"$work/step.log" 2>&1; then
        tail -n 20 "$work/step.log" >&2
        return 1
    fi
    say "  done in $((SECONDS - begin)) s"
}

# Everything temporary is in $work and goes with the script, however it ends.
make_work_directory() {
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/drillyard-docker.XXXXXX")
    # Without root, mmdebstrap works in it under other user ids.
    chmod 755 "$work"
    child=
    trap 'trap "" INT TERM HUP; end_child; rm -rf --one-file-system "$work"' EXIT
    trap 'exit 130' INT TERM HUP
}

# Waits for the whole group: what outlives its shell would write into $work again.
end_child() {
    local patience=100
    [[ -n $child ]] || return 0
    kill -TERM -- "-$child" 2>/dev/null || true
    while kill -0 -- "-$child" 2>/dev/null; do
        if ((patience-- == 0)); then kill -KILL -- "-$child" || true; fi
        sleep 0.1
    done
}
