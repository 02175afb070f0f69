# bash completion for outlookfs. The words come from the program: `outlookfs completion`.
_outlookfs()
{
    local current previous
    current=${COMP_WORDS[COMP_CWORD]}
    previous=${COMP_WORDS[COMP_CWORD - 1]}

    case $previous in
    --token-file | --config)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --state-dir | --cache-dir | --mount)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --service)
        mapfile -t COMPREPLY < <(compgen -W 'connector graph' -- "$current")
        return
        ;;
    -o)
        mapfile -t COMPREPLY < <(compgen -P "${current%"${current##*,}"}" -S '' \
            -W "$(outlookfs completion options 2>/dev/null)" -- "${current##*,}")
        compopt -o nospace
        return
        ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(outlookfs completion commands 2>/dev/null) --help --version" -- "$current")
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(outlookfs completion "${COMP_WORDS[1]}" 2>/dev/null)" -- "$current")
    else
        case ${COMP_WORDS[1]} in
        mount | doctor)
            mapfile -t COMPREPLY < <(compgen -d -- "$current"
                compgen -W "$(outlookfs completion account-names 2>/dev/null)" -- "$current")
            ;;
        login | logout)
            mapfile -t COMPREPLY < <(compgen -W "$(outlookfs completion account-names 2>/dev/null)" -- "$current")
            ;;
        template)
            mapfile -t COMPREPLY < <(compgen -W "$(outlookfs completion template-names 2>/dev/null)" -- "$current")
            ;;
        import | wait | watch) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        umount | sync | status) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        esac
    fi
}
complete -o filenames -F _outlookfs outlookfs
