# fish completion for outlookfs. The words come from the program: `outlookfs completion`.
function __outlookfs_words
    outlookfs completion $argv 2>/dev/null
end

complete -c outlookfs -n __fish_use_subcommand -f -a '(__outlookfs_words commands)'
complete -c outlookfs -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' \
    -f -a '(__outlookfs_words (commandline -opc)[2])'
complete -c outlookfs -n '__fish_seen_subcommand_from mount login logout doctor' -a '(__outlookfs_words account-names)'
complete -c outlookfs -n '__fish_seen_subcommand_from template' -f -a '(__outlookfs_words template-names)'
complete -c outlookfs -n '__fish_seen_subcommand_from mount' -s o -x -a '(__outlookfs_words options)'
